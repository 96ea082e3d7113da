import { availableParallelism } from 'node:os';
import { decodeOptionsOf } from '../../data/decode/decode-options.js';
import { openDataset } from '../../data/open-dataset.js';
import { measureColours, statisticsFile, storeStatistics } from '../../data/passes/statistics.js';
import { createUnreadableWarning } from '../../session/unreadable.js';
import type { Given } from '../../settings/given.js';
import { givenSources } from '../../settings/given.js';
import { resolveSettings } from '../../settings/resolve.js';
import { createReporter } from '../../terminal/progress.js';
import { table } from '../../terminal/table.js';
import type { Result } from '../command.js';
import { required } from '../require.js';

export async function runDataStats(given: Given): Promise<Result> {
  const { settings } = resolveSettings('data-stats', await givenSources('data-stats', given));
  const data = required(settings.data, '--data', '--data fashion-mnist');
  const reporter = createReporter();
  const dataset = await openDataset(data, { ...settings, onProgress: reporter.note });
  const workers = settings.workers ?? availableParallelism();
  reporter.begin('colours', dataset.train.images.length);
  const { statistics, unreadable } = await measureColours(
    dataset,
    workers,
    reporter.advance,
    decodeOptionsOf(settings),
  );
  reporter.end();
  createUnreadableWarning(reporter)({ unreadable }, 'which were left out');
  await storeStatistics(dataset.fingerprint, statistics);
  const { images, mean, std, principal } = statistics;
  const file = statisticsFile(dataset.fingerprint);
  return {
    lines: [
      `${images} training images of ${data}, colours in [0, 1] units`,
      `--mean ${flagValue(mean)}`,
      `--std ${flagValue(std)}`,
      ...table(
        [
          ['principal colours', 'red', 'green', 'blue'],
          ...principal.values.map((value, component) => [
            `variance ${value.toFixed(6)}`,
            ...principal.vectors.map((row) => (row[component] as number).toFixed(4)),
          ]),
        ],
        { alignment: ['left'] },
      ),
      `Stored in ${file}: cnn train --stats dataset takes them from there.`,
    ],
    json: { data, ...statistics, unreadable: unreadable.size, file },
  };
}

/** A number, or three where they differ, as a flag takes them. */
function flagValue(values: readonly number[]): string {
  const texts = values.map((value) => value.toFixed(4));
  return new Set(texts).size === 1 ? (texts[0] ?? '') : texts.join(',');
}
