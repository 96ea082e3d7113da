/**
 * The option table: one row per setting. Flags, the keys of `--config FILE` and the settings in
 * run.json all come from it. To add a setting, add a row to the file of its group and name it in
 * `COMMAND_OPTIONS`.
 */
import { AUGMENTATION } from './augmentation.js';
import { DATASET } from './dataset.js';
import { EVALUATION } from './evaluation.js';
import { EXPERIMENTS } from './experiments.js';
import { IMAGES } from './images.js';
import { MACHINE } from './machine.js';
import { MEASUREMENT } from './measurement.js';
import { NETWORK } from './network.js';
import { OPTIMIZER } from './optimizer.js';
import { OUTPUT } from './output.js';
import type { Row } from './row.js';
import { SCHEDULE } from './schedule.js';
import { TRAINING } from './training.js';

export { GROUPS, type Row, type Value } from './row.js';

export const OPTIONS = {
  ...NETWORK,
  ...DATASET,
  ...TRAINING,
  ...SCHEDULE,
  ...OPTIMIZER,
  ...IMAGES,
  ...AUGMENTATION,
  ...EVALUATION,
  ...MACHINE,
  ...MEASUREMENT,
  ...EXPERIMENTS,
  ...OUTPUT,
};

export type OptionName = keyof typeof OPTIONS;

/** The table's row of an option, with every field that a row may have. */
export function optionRow(name: OptionName): Row {
  return OPTIONS[name];
}

/** All names of an option: its own first. */
export function namesOf(name: OptionName): readonly string[] {
  const { aliases = [], synonyms = [], formerly = [] } = optionRow(name);
  return [name, ...aliases, ...synonyms, ...formerly];
}

/** The option among `names` that has this name; `batch_size` is read as `batch-size`. */
export function findOption(names: readonly OptionName[], word: string): OptionName | undefined {
  const spelled = word.replaceAll('_', '-');
  return names.find((name) => namesOf(name).includes(spelled));
}

/** `batchSize` → `batch-size`. */
export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `batch-size` → `batchSize`. */
export function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
