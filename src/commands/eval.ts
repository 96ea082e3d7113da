import { resolveSettings } from '../settings.js';
import { evaluate } from '../train/evaluate.js';
import { accuracyLine } from '../train/metrics.js';
import { openTrainedModel, storedLayer } from '../train/open-model.js';
import type { Given, Result } from './command.js';
import { givenLayers, givenValue } from './layers.js';
import { createReporter } from './progress.js';
import { required } from './require.js';

export async function runEval(given: Given): Promise<Result> {
  const layers = await givenLayers('eval', given);
  const path = required(givenValue(layers, 'checkpoint'), '--checkpoint', '--checkpoint runs/…');
  const trained = await openTrainedModel(path, givenValue(layers, 'arch'));
  const { settings } = resolveSettings(
    'eval',
    [storedLayer(trained), ...layers],
    trained.architecture,
  );
  const data = required(settings.data ?? trained.record?.data.root, '--data', '--data mnist');
  const result = await evaluate(trained, { ...settings, data }, createReporter());
  const { images, unreadable, loss } = result;
  const unread = unreadable === 0 ? '' : `, ${unreadable} of them unreadable and counted as wrong`;
  return {
    lines: [`${images} pictures${unread}, loss ${loss.toFixed(4)}`, accuracyLine(result)],
    json: { ...result, run: trained.run ?? null },
  };
}
