import { DataError } from '../errors.js';
import { resolveSettings } from '../settings.js';
import { openTrainedModel } from '../train/open-model.js';
import { type Prediction, predict } from '../train/predict.js';
import type { Given, Result } from './command.js';
import { givenLayers, givenValue } from './layers.js';
import { createReporter } from './progress.js';
import { required } from './require.js';

export async function runPredict(given: Given): Promise<Result> {
  const layers = await givenLayers('predict', given);
  const path = required(givenValue(layers, 'checkpoint'), '--checkpoint', '--checkpoint runs/…');
  const files = (given['images'] as readonly unknown[]).map(String);
  const trained = await openTrainedModel(path, givenValue(layers, 'arch'));
  const { settings } = resolveSettings('predict', layers, trained.architecture);
  const predictions = await predict(trained, settings, files, createReporter());
  const unread = predictions.filter(({ error }) => error !== undefined);
  const result = { lines: predictions.flatMap(predictionLines), json: predictions };
  if (unread.length === 0) return result;
  const named = unread.map(({ file, error }) => `${file}: ${error}`).join('; ');
  return { ...result, error: new DataError(`Cannot read ${named}`) };
}

function predictionLines({ file, top, error }: Prediction): string[] {
  if (error !== undefined) return [`${file}: cannot be read`];
  const rows = top.map(({ label, probability }) => {
    return `  ${(100 * probability).toFixed(2).padStart(6)} %  ${label}`;
  });
  return [file, ...rows];
}
