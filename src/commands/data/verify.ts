import { availableParallelism } from 'node:os';
import { AS_PILLOW } from '../../data/decode/decode-options.js';
import { count } from '../../data/layouts/names.js';
import { findIndex } from '../../data/open-dataset.js';
import { badImagesCsv, countImages, verifyImages } from '../../data/passes/verify.js';
import { DataError } from '../../errors.js';
import type { Given } from '../../settings/given.js';
import { givenSources } from '../../settings/given.js';
import { resolveSettings } from '../../settings/resolve.js';
import { checkWritable, writeOutput } from '../../system/files.js';
import { createReporter } from '../../terminal/progress.js';
import type { Result } from '../command.js';
import { required } from '../require.js';

/** Bad images that are printed; the file has all of them. */
const SHOWN = 10;

export async function runDataVerify(given: Given): Promise<Result> {
  const { settings } = resolveSettings('data-verify', await givenSources('data-verify', given));
  const data = required(settings.data, '--data', '--data /data/imagenet');
  const file = settings.out ?? 'bad-images.csv';
  await checkWritable(file, '--out');
  const reporter = createReporter();
  const index = await findIndex(data, reporter.note, settings.labels);
  const reading = { ...AS_PILLOW, maxPixels: settings.maxPixels };
  reporter.begin('verify', countImages(index));
  const { images, bad } = await verifyImages(
    index,
    reading,
    settings.workers ?? availableParallelism(),
    reporter.advance,
  ).finally(reporter.end);
  await writeOutput(file, badImagesCsv(bad));
  const json = { data, images, bad, file };
  const checked = `${count(images, 'image')} of ${data}`;
  if (bad.length === 0) return { lines: [`${checked} decode in full`], json };
  const shown = bad.slice(0, SHOWN).map(({ image, reason }) => `${image}: ${reason}`);
  const more = bad.length > SHOWN ? [`and ${bad.length - SHOWN} more`] : [];
  return {
    lines: [`${checked}, ${bad.length} of them bad:`, ...shown, ...more],
    json,
    error: new DataError(
      `${bad.length} of ${images} images of ${data} cannot be read; all are listed in ${file}. Repair or remove them; training leaves them out.`,
    ),
  };
}
