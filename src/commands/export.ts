import { exportModel } from '../export/export.js';
import type { Given } from '../settings/given.js';
import { givenSources } from '../settings/given.js';
import { resolveSettings } from '../settings/resolve.js';
import { createReporter } from '../terminal/progress.js';
import type { Result } from './command.js';
import { givenModel } from './model.js';
import { required } from './require.js';

export async function runExport(given: Given): Promise<Result> {
  const sources = await givenSources('export', given);
  const trained = await givenModel(sources);
  const { stored, architecture } = trained;
  const { settings } = resolveSettings('export', [stored, ...sources], architecture);
  const output = required(settings.output, '--output', '--output weights.safetensors');
  const result = await exportModel(trained, settings, output, createReporter());
  return { lines: [`${result.arch} with ${result.classes} classes in ${output}`], json: result };
}
