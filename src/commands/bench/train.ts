import { titleOf } from '../../archs/index.js';
import { benchmarkTraining } from '../../measure/training.js';
import type { Given } from '../../settings/given.js';
import { givenSources } from '../../settings/given.js';
import { resolveSettings } from '../../settings/resolve.js';
import { createReporter } from '../../terminal/progress.js';
import { givenArchitecture } from '../architecture.js';
import type { Result } from '../command.js';
import { profileLines } from './profile-tables.js';

export async function runBenchTrain(given: Given): Promise<Result> {
  const sources = await givenSources('bench', given);
  const architecture = givenArchitecture(sources, '--arch alexnet (see cnn archs)');
  const { settings } = resolveSettings('bench', sources, architecture);
  const result = await benchmarkTraining(architecture, settings, createReporter());
  return {
    lines: [
      `${titleOf(architecture)} on ${result.backend} in ${result.precision}, ` +
        `${result.threads} threads, batches of ${result.batch_size}, ${result.steps} steps`,
      `${result.images_per_second.toFixed(1)} images/s`,
      `${result.milliseconds_per_step.toFixed(2)} ms per step`,
      `${result.javascript_milliseconds_per_step.toFixed(2)} ms of JavaScript per step`,
      `${mebibytes(result.peak_bytes)} at most, ${mebibytes(result.peak_resident_bytes)} of the whole process`,
      `${result.data_wait_percent.toFixed(1)} % of the time waiting for data`,
      ...(result.profile ? profileLines(result.profile) : []),
    ],
    json: result,
  };
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
