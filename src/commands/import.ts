import { counted } from '../counted.js';
import { weightsModel } from '../evaluate/trained-model.js';
import { exportModel } from '../export/export.js';
import { type Given, givenSources } from '../settings/given.js';
import { resolveSettings } from '../settings/resolve.js';
import { createReporter } from '../terminal/progress.js';
import { givenArchitecture } from './architecture.js';
import type { Result } from './command.js';
import { required } from './require.js';

/** An export of a weights file that another program wrote. */
export async function runImport(given: Given): Promise<Result> {
  const sources = await givenSources('import', given);
  const architecture = givenArchitecture(sources, '--arch resnet50');
  const trained = await weightsModel(String(given['file']), architecture);
  const { settings } = resolveSettings('export', [trained.stored, ...sources], architecture);
  const output = required(settings.output, '--output', '--output weights.safetensors');
  const result = await exportModel(trained, settings, output, createReporter());
  return {
    lines: [`${result.arch} with ${counted(result.classes, 'class', 'classes')} in ${output}`],
    json: result,
  };
}
