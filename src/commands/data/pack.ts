import { availableParallelism } from 'node:os';
import { counted } from '../../counted.js';
import { decodeOptionsOf } from '../../data/decode/decode-options.js';
import { findIndex } from '../../data/open-dataset.js';
import { packDataset } from '../../data/passes/pack.js';
import { countImages } from '../../data/passes/verify.js';
import { createUnreadableWarning } from '../../session/unreadable.js';
import type { Given } from '../../settings/given.js';
import { givenSources } from '../../settings/given.js';
import { resolveSettings } from '../../settings/resolve.js';
import { createReporter } from '../../terminal/progress.js';
import type { Result } from '../command.js';
import { required } from '../require.js';

export async function runDataPack(given: Given): Promise<Result> {
  const { settings } = resolveSettings('data-pack', await givenSources('data-pack', given));
  const data = required(settings.data, '--data', '--data /data/imagenet');
  const out = required(settings.out, '--out', '--out /data/imagenet-256');
  const { size, quality, onBadImage } = settings;
  const reporter = createReporter();
  const index = await findIndex(data, reporter.note, settings.labels);
  if (index.val === undefined) reporter.note(`Only training images are packed. ${index.noVal}`);
  reporter.begin('pack', countImages(index));
  const { images, shards, bytes, unreadable } = await packDataset(index, out, {
    ...{ size, quality, onBadImage, reading: decodeOptionsOf(settings) },
    workers: settings.workers ?? availableParallelism(),
    onProgress: reporter.advance,
  }).finally(reporter.end);
  createUnreadableWarning(reporter)({ unreadable }, 'which were left out');
  const megabytes = (bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 });
  return {
    lines: [
      `${images.toLocaleString('en')} images of ${data} in ${counted(shards, 'shard')}, ${megabytes} MB, in ${out}`,
      `cnn train --data ${out} takes them`,
    ],
    json: { data, out, images, shards, bytes, unreadable: [...unreadable.keys()] },
  };
}
