import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { z } from 'zod';
import { CACHE_ADVICE, cacheDirectory } from '../../cache-directory.js';
import { DataError } from '../../errors.js';
import { withFormerNames } from '../../former-names.js';
import { makeDirectories, writeAtomically } from '../../system/files.js';
import { cannotWrite, hasCode, systemReason } from '../../system/system-errors.js';
import type { Dataset } from '../dataset.js';
import { AS_PILLOW, type DecodeOptions } from '../decode/decode-options.js';
import { passOver } from './image-pass.js';
import { addMoments, type Moments, NO_MOMENTS } from './moments.js';
import type { ChunkColours } from './statistics-worker.js';

const WORKER = new URL('./statistics-worker.js', import.meta.url);

const numbers = (count: number) => z.array(z.number()).length(count);
const schema = withFormerNames(
  z.object({
    images: z.int(),
    /** Red, green and blue, all three also where the images are grey. In [0, 1] units. */
    mean: numbers(3),
    /** The deviation over all pixels, not the mean of the images' own deviations. */
    std: numbers(3),
    principal: z.object({ values: numbers(3), vectors: z.array(numbers(3)).length(3) }),
  }),
  { images: 'pictures' },
);

/** The colours of the training images of a dataset; each image counts the same. */
export type ColourStatistics = Readonly<z.infer<typeof schema>>;

export interface Measured {
  readonly statistics: ColourStatistics;
  /** Images that could not be read, by name, with the reason. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** Measures the training images in one pass. The same for any number of threads. */
export async function measureColours(
  { train, root }: Pick<Dataset, 'train' | 'root'>,
  workers: number,
  onProgress: (images: number) => void,
  reading: DecodeOptions = AS_PILLOW,
): Promise<Measured> {
  const { images } = train;
  const unreadable = new Map<string, string>();
  let moments = NO_MOMENTS;
  const pass = passOver<ChunkColours>(images, WORKER, workers, reading);
  for await (const chunk of pass) {
    moments = addMoments(moments, chunk.result.moments);
    for (const [index, reason] of chunk.result.failures) {
      unreadable.set(images.name(chunk.first + index), reason);
    }
    onProgress(chunk.first + chunk.count);
  }
  if (moments.images > 0) return { statistics: statisticsOf(moments), unreadable };
  const [name, reason] = unreadable.entries().next().value ?? ['', 'there are none'];
  throw new DataError(`None of the training images of ${root} can be read: ${name}: ${reason}`);
}

/** Mean, deviation and principal components from the sums. */
export function statisticsOf({ images, sums, products }: Moments): ColourStatistics {
  const mean = sums.map((sum) => sum / images);
  const [rr = 0, rg = 0, rb = 0, gg = 0, gb = 0, bb = 0] = products.map((sum) => sum / images);
  const covariance = [
    [rr, rg, rb],
    [rg, gg, gb],
    [rb, gb, bb],
  ].map((row, i) => row.map((value, j) => value - (mean[i] as number) * (mean[j] as number)));
  const std = covariance.map((row, channel) => Math.sqrt(Math.max(0, row[channel] as number)));
  return { images, mean, std, principal: principalColours(covariance) };
}

/** Eigenvalues from large to small; the largest entry of each vector is positive. */
function principalColours(covariance: number[][]): ColourStatistics['principal'] {
  const options = { assumeSymmetric: true };
  const solution = new EigenvalueDecomposition(new Matrix(covariance), options);
  // It sorts in ascending order. Where all colours are grey, rounding can give values slightly
  // below 0.
  const values = solution.realEigenvalues.toReversed().map((value) => Math.max(0, value));
  const rows = solution.eigenvectorMatrix.to2DArray().map((row) => row.toReversed());
  const signs = values.map((_, component) => {
    const column = rows.map((row) => row[component] as number);
    return Math.sign(column.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a)));
  });
  const vectors = rows.map((row) => row.map((entry, j) => entry * (signs[j] as number)));
  return { values, vectors };
}

/** The file that keeps the statistics of the dataset with this fingerprint. */
export function statisticsFile(fingerprint: string): string {
  return join(cacheDirectory(), 'statistics', `${fingerprint}.json`);
}

/** The statistics that `cnn data stats` stored; undefined if there are none. */
export async function readStatistics(fingerprint: string): Promise<ColourStatistics | undefined> {
  const file = statisticsFile(fingerprint);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw new DataError(`Cannot read ${file}: ${systemReason(error)}`, { cause: error });
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DataError(`${file} is damaged: delete it and run "cnn data stats" again`, { cause });
  }
}

/** Keeps statistics for runs with `--stats dataset`. */
export async function storeStatistics(
  fingerprint: string,
  statistics: ColourStatistics,
): Promise<void> {
  const file = statisticsFile(fingerprint);
  try {
    await makeDirectories(dirname(file));
    await writeAtomically(file, `${JSON.stringify(statistics, undefined, 2)}\n`);
  } catch (cause) {
    throw cannotWrite(file, cause, CACHE_ADVICE);
  }
}
