import { counted } from '../counted.js';
import { UsageError } from '../errors.js';
import { exportModel } from '../export/export.js';
import type { Given } from '../settings/given.js';
import { givenSources } from '../settings/given.js';
import type { OptionName } from '../settings/options/index.js';
import { resolveSettings, type SettingsSource, strongest } from '../settings/resolve.js';
import type { Settings } from '../settings/types.js';
import { createReporter } from '../terminal/progress.js';
import type { Result } from './command.js';
import { givenModel } from './model.js';
import { required } from './require.js';

type Format = Settings<'export'>['format'];

/** The formats that keep a graph: what it takes, and what is said of it. */
const GRAPHS: readonly Format[] = ['tfjs', 'onnx'];
const GRAPH_OPTIONS: readonly OptionName[] = ['with-softmax', 'uint8-input', 'resize-size'];
/** What weights alone are kept with, too. */
const COLOUR_OPTIONS: readonly OptionName[] = ['mean', 'std'];
const KEEP_COLOURS: readonly Format[] = ['safetensors', 'keras'];

export async function runExport(given: Given): Promise<Result> {
  const sources = await givenSources('export', given);
  const trained = await givenModel(sources);
  const { stored, architecture } = trained;
  const { settings } = resolveSettings('export', [stored, ...sources], architecture);
  checkUse(settings.format, sources);
  const output = required(settings.output, '--output', '--output weights.safetensors');
  const result = await exportModel(trained, settings, output, createReporter());
  return {
    lines: [`${result.arch} with ${counted(result.classes, 'class', 'classes')} in ${output}`],
    json: result,
  };
}

/** A setting without an effect is refused, because it is a mistake. */
function checkUse(format: Format, sources: readonly SettingsSource[]): void {
  if (format !== 'tfjs' && strongest('float16', sources) !== undefined) {
    throw new UsageError(
      `--float16 does nothing to --format ${format}: leave it out, or add --format tfjs`,
    );
  }
  if (GRAPHS.includes(format)) return;
  const idle = [...GRAPH_OPTIONS, ...(KEEP_COLOURS.includes(format) ? [] : COLOUR_OPTIONS)].find(
    (name) => strongest(name, sources) !== undefined,
  );
  if (idle === undefined) return;
  throw new UsageError(
    `--${idle} does nothing to --format ${format}, which keeps no graph: leave it out, or add --format ${GRAPHS.join(' or ')}`,
  );
}
