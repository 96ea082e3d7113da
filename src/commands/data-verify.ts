import { availableParallelism } from 'node:os';
import { findIndex } from '../data/dataset.js';
import { AS_PILLOW } from '../data/reading.js';
import { badPicturesCsv, countPictures, verifyPictures } from '../data/verify.js';
import { DataError, UsageError } from '../errors.js';
import { writeAtomically } from '../files.js';
import { resolveSettings } from '../settings.js';
import type { Given, Result } from './command.js';
import { givenLayers } from './layers.js';
import { createReporter } from './progress.js';
import { required } from './require.js';

/** Bad pictures that are shown; all of them are in the file. */
const SHOWN = 10;

export async function runDataVerify(given: Given): Promise<Result> {
  const { settings } = resolveSettings('data-verify', await givenLayers('data-verify', given));
  const data = required(settings.data, '--data', '--data /data/imagenet');
  const file = settings.out ?? 'bad-pictures.csv';
  const reporter = createReporter();
  const index = await findIndex(data, reporter.note);
  const reading = { ...AS_PILLOW, maxPixels: settings.maxPixels };
  reporter.begin('verify', countPictures(index));
  const { pictures, bad } = await verifyPictures(
    index,
    reading,
    settings.workers ?? availableParallelism(),
    reporter.advance,
  ).finally(reporter.end);
  await writeAtomically(file, badPicturesCsv(bad)).catch((cause: Error) => {
    throw new UsageError(`Cannot write ${file}: ${cause.message}`, { cause });
  });
  const json = { data, pictures, bad, file };
  const checked = `${pictures.toLocaleString('en')} pictures of ${data}`;
  if (bad.length === 0) return { lines: [`${checked} decode in full`], json };
  const shown = bad.slice(0, SHOWN).map(({ picture, reason }) => `${picture}: ${reason}`);
  const more = bad.length > SHOWN ? [`and ${bad.length - SHOWN} more`] : [];
  return {
    lines: [`${checked}, ${bad.length} of them bad:`, ...shown, ...more],
    json,
    error: new DataError(
      `${bad.length} of ${pictures} pictures of ${data} cannot be read; all are listed in ${file}. Mend or remove them; training leaves them out.`,
    ),
  };
}
