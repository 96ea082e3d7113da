import { exportModel } from '../export/export.js';
import type { Given } from '../settings/given.js';
import { givenSources, givenValue } from '../settings/given.js';
import { resolveSettings } from '../settings/resolve.js';
import type { Result } from './command.js';
import { trainedModel } from './model.js';
import { createReporter } from './progress.js';
import { required } from './require.js';

export async function runExport(given: Given): Promise<Result> {
  const sources = await givenSources('export', given);
  const [weights, arch] = [givenValue(sources, 'weights'), givenValue(sources, 'arch')];
  const path = given['run'] === undefined ? null : String(given['run']);
  const example = 'cnn export runs/… or --arch resnet50-torchvision --weights FILE';
  const trained = await trainedModel({ path, weights, arch }, 'The run', example);
  const { stored, architecture } = trained;
  const { settings } = resolveSettings('export', [stored, ...sources], architecture);
  const output = required(settings.output, '--output', '--output weights.safetensors');
  const result = await exportModel(trained, settings, output, createReporter());
  return { lines: [`${result.arch} with ${result.classes} classes in ${output}`], json: result };
}
