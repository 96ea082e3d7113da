import { evaluate } from '../evaluate/evaluation.js';
import { evaluationLayer } from '../runs/run-selection.js';
import { givenLayers, givenValue } from '../settings/given.js';
import { resolveSettings } from '../settings/resolve.js';
import { accuracyLine } from '../train/metrics.js';
import type { Given, Result } from './command.js';
import { givenModel } from './model.js';
import { createReporter } from './progress.js';
import { required } from './require.js';

export async function runEval(given: Given): Promise<Result> {
  const layers = await givenLayers('eval', given);
  const trained = await givenModel(layers);
  const { stored, architecture, record } = trained;
  const selection = evaluationLayer(record, givenValue(layers, 'data'));
  const { settings } = resolveSettings('eval', [stored, selection, ...layers], architecture);
  const data = required(settings.data ?? record?.data.root, '--data', '--data mnist');
  const result = await evaluate(trained, { ...settings, data }, createReporter());
  const { images, unreadable, loss } = result;
  const unread = unreadable === 0 ? '' : `, ${unreadable} of them unreadable and counted as wrong`;
  return {
    lines: [`${images} images${unread}, loss ${loss.toFixed(4)}`, accuracyLine(result)],
    json: { ...result, run: trained.run ?? null },
  };
}
