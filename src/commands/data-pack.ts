import { availableParallelism } from 'node:os';
import { findIndex } from '../data/dataset.js';
import { packDataset } from '../data/pack.js';
import { readingOf } from '../data/reading.js';
import { countPictures } from '../data/verify.js';
import { resolveSettings } from '../settings.js';
import { createUnreadableWarning } from '../train/evaluate.js';
import type { Given, Result } from './command.js';
import { givenLayers } from './layers.js';
import { createReporter } from './progress.js';
import { required } from './require.js';

export async function runDataPack(given: Given): Promise<Result> {
  const { settings } = resolveSettings('data-pack', await givenLayers('data-pack', given));
  const data = required(settings.data, '--data', '--data /data/imagenet');
  const out = required(settings.out, '--out', '--out /data/imagenet-256');
  const { size, quality, onBadImage } = settings;
  const reporter = createReporter();
  const index = await findIndex(data, reporter.note);
  if (index.val === undefined) reporter.note(`Only training pictures are packed. ${index.noVal}`);
  reporter.begin('pack', countPictures(index));
  const { pictures, shards, bytes, unreadable } = await packDataset(index, out, {
    ...{ size, quality, onBadImage, reading: readingOf(settings) },
    workers: settings.workers ?? availableParallelism(),
    onProgress: reporter.advance,
  }).finally(reporter.end);
  createUnreadableWarning(reporter)({ unreadable }, 'which were left out');
  const megabytes = (bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 });
  return {
    lines: [
      `${pictures.toLocaleString('en')} pictures of ${data} in ${shards} shards, ${megabytes} MB, in ${out}`,
      `cnn train --data ${out} takes them`,
    ],
    json: { data, out, pictures, shards, bytes, unreadable: [...unreadable.keys()] },
  };
}
