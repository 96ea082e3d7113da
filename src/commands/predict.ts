import { DataError } from '../errors.js';
import { type Prediction, predict } from '../evaluate/predict.js';
import type { Given } from '../settings/given.js';
import { givenSources } from '../settings/given.js';
import { resolveSettings } from '../settings/resolve.js';
import { cells } from '../terminal/bar-line.js';
import { isInteractive } from '../terminal/colour.js';
import { createReporter } from '../terminal/progress.js';
import type { Result } from './command.js';
import { givenModel } from './model.js';

const CERTAINTY_CELLS = 20;

export async function runPredict(
  given: Given,
  reporter = createReporter(),
): Promise<Result<readonly Prediction[]>> {
  const sources = await givenSources('predict', given);
  const paths = (given['images'] as readonly unknown[]).map(String);
  const trained = await givenModel(sources);
  const { stored, architecture } = trained;
  const { settings } = resolveSettings('predict', [stored, ...sources], architecture);
  const predictions = await predict(trained, settings, paths, reporter);
  const unread = predictions.filter(({ error }) => error !== undefined);
  const result = { lines: predictions.flatMap(predictionLines), json: predictions };
  if (unread.length === 0) return result;
  const named = unread.map(({ file, error }) => `${file}: ${error}`).join('; ');
  return { ...result, error: new DataError(`Cannot read ${named}`) };
}

/** The classes with their probabilities, on a terminal with a bar of each. */
function predictionLines({ file, top, error }: Prediction): string[] {
  if (error !== undefined) return [`${file}: cannot be read`];
  const bars = isInteractive(process.stdout);
  const rows = top.map(({ label, words = '', probability }) => {
    const percent = `${(100 * probability).toFixed(2).padStart(6)} %`;
    const bar = bars
      ? `  ${cells(Math.round(probability * CERTAINTY_CELLS), CERTAINTY_CELLS)}`
      : '';
    return `  ${percent}${bar}  ${label}  ${words}`.trimEnd();
  });
  return [file, ...rows];
}
