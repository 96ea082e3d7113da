import { findArchitecture } from '../../archs/index.js';
import { benchmarkData, type DecodingRate } from '../../measure/decoding.js';
import { describeDecoded } from '../../session/decoding.js';
import type { Given } from '../../settings/given.js';
import { givenSources, givenValue } from '../../settings/given.js';
import { resolveSettings } from '../../settings/resolve.js';
import { createReporter } from '../../terminal/progress.js';
import { table } from '../../terminal/table.js';
import type { Result } from '../command.js';
import { required } from '../require.js';

export async function runBenchData(given: Given): Promise<Result> {
  const sources = await givenSources('bench-data', given);
  const architecture = findArchitecture(givenValue(sources, 'arch') ?? 'alexnet');
  const { settings } = resolveSettings('bench-data', sources, architecture);
  const data = required(settings.data, '--data', '--data /data/imagenet');
  const result = await benchmarkData(architecture, { ...settings, data }, createReporter());
  const both = result.gpu_decoder !== undefined;
  const decoders = [result.decoder, ...(both ? [result.gpu_decoder] : [])];
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  return {
    lines: [
      `${result.images} training images of ${data} at ${result.input_size} pixels, ` +
        `${result.steps} batches of ${result.batch_size}; JPEGs by ${decoders.join(', or ')}`,
      ...table([
        [
          ...(both ? ['decode'] : []),
          'threads',
          'images/s',
          'per core',
          'MiB at the start',
          'at the end',
          'at most',
        ],
        ...result.rates.map(({ workers, decode, resident_bytes, ...rate }) => [
          ...(both ? [decode] : []),
          String(workers),
          rate.images_per_second.toFixed(1),
          rate.images_per_core_second.toFixed(1),
          ...resident_bytes.map(mebibytes),
        ]),
      ]),
      ...leftToCpu(result.rates),
    ],
    json: result,
  };
}

/** A line on the images that the GPU did not decode, where there are any. */
function leftToCpu(rates: readonly DecodingRate[]): string[] {
  const counted = rates.find(({ left_to_cpu = 0 }) => left_to_cpu > 0);
  if (counted === undefined) return [];
  const { on_gpu: device = 0, left_to_cpu: processor = 0 } = counted;
  return [`decode gpu: ${describeDecoded({ device, processor })}`];
}
