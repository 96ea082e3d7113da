import { existsSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { catalogue } from '../data/catalogue/catalogue.js';
import type { Dataset } from '../data/dataset.js';
import { nameBelow, type Selection } from '../data/selection.js';
import type { OptionName } from '../settings/options/index.js';
import type { Provenance, SettingsSource } from '../settings/resolve.js';
import type { Settings } from '../settings/types.js';
import { checkValues } from '../settings/validate.js';
import { writeAtomically } from '../system/files.js';
import type { RunDirectory, RunRecord } from './run-directory.js';

type Stored = Pick<RunRecord, 'settings' | 'data'>;

/**
 * The choice among the images of a dataset. A resumed run takes the classes and images that it
 * kept: the files that named them may have changed.
 */
export function trainingSelection(
  settings: Settings<'train'>,
  resume: { readonly run: RunDirectory; readonly record: Stored } | undefined,
): Selection {
  const { labels, valFraction, subset, classes, seed } = settings;
  if (resume === undefined) return { labels, valFraction, subset, classes, seed };
  const { run, record } = resume;
  return {
    labels,
    valFraction,
    subset: subset !== null && existsSync(run.subset) ? run.subset : subset,
    classes: classes === null ? null : record.data.classes,
    seed,
  };
}

/** Keeps the names of the training images of a run with --subset. */
export async function keepSubset(
  run: RunDirectory,
  { root, train }: Dataset,
  { subset }: Settings<'train'>,
): Promise<void> {
  if (subset === null) return;
  const names = Array.from(train.labels, (_, index) => nameBelow(root, train.images, index));
  await writeAtomically(run.subset, `${names.join('\n')}\n`);
}

/**
 * The dataset of a run. The first runs kept a relative path as it was given: it began where `output`
 * did.
 */
export function dataOf({ settings, data }: Stored, run: Pick<RunDirectory, 'path'>): string {
  const { root } = data;
  const output = settings.output?.value ?? 'runs';
  const isNamed = isAbsolute(root) || catalogue.some(({ name }) => name === root);
  if (isNamed || existsSync(root) || typeof output !== 'string' || isAbsolute(output)) return root;
  const found = resolve(dirname(run.path), relative(output, ''), root);
  return existsSync(found) ? found : root;
}

/**
 * The settings of a run that an evaluation repeats: where `data` is that of the run, the draw of its
 * validation images.
 */
export function evaluationSource(record: Stored | undefined, data: string | null): SettingsSource {
  if (record === undefined || (data !== null && resolve(data) !== resolve(record.data.root))) {
    return { values: {}, source: 'default' };
  }
  const names = ['labels', 'val-fraction', 'seed'] as const satisfies OptionName[];
  const values = names.map((name) => [name, (record.settings as Provenance)[name]?.value ?? null]);
  const told = Object.fromEntries(values.filter(([, value]) => value !== null));
  return {
    values: checkValues('train', told, 'run.json'),
    source: 'default',
  };
}

/** The classes to evaluate on: those given, else those of the training. */
export function evaluationClasses(
  record: Stored | undefined,
  classes: string | null,
): string | readonly string[] | null {
  const told = record?.settings.classes?.value ?? null;
  return classes ?? (told === null ? null : (record?.data.classes ?? null));
}
