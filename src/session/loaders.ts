import { availableParallelism, freemem, totalmem } from 'node:os';
import type { MixSettings, PrincipalColours, Transform } from '../augment/index.js';
import type { Backend } from '../backend/index.js';
import { type BatchLoader, type BatchSettings, openBatches } from '../data/batches/batches.js';
import type { Split } from '../data/dataset.js';
import type { DecodeOptions } from '../data/decode/decode-options.js';
import type { Settings } from '../settings/types.js';
import { chosenDecoder, type Decode } from './decoding.js';
import { takesTurns } from './pace.js';
import type { Reporter } from './reporter.js';

export interface LoaderOptions {
  readonly backend: Pick<Backend, 'name' | 'device'>;
  readonly batchSize: number;
  readonly channels: 1 | 3;
  readonly transform: Transform;
  readonly principalColours?: PrincipalColours;
  readonly seed: number;
  readonly workers: number | null;
  readonly cache: 'auto' | 'none' | 'memory';
  /** Where JPEGs are decoded; by the processor by default. */
  readonly decode?: Decode;
  /** As Pillow by default. */
  readonly reading?: DecodeOptions;
  readonly onBadImage?: 'skip' | 'fail';
  readonly maxBadImages?: number;
  readonly patience?: number;
  readonly onTrouble?: (line: string) => void;
  /** As in `BatchSettings`. */
  readonly copies?: number;
  /** As in `BatchSettings`. */
  readonly part?: BatchSettings['part'];
  /** That this process may take; all that the system gives it by default. */
  readonly cores?: number;
  readonly mixing?: MixSettings;
}

/** What becomes of images that cannot be read, as the settings say. */
export function badImageOptions(
  {
    onBadImage,
    maxBadImages,
    dataPatience,
  }: Pick<Settings<'eval'>, 'onBadImage' | 'maxBadImages' | 'dataPatience'>,
  { warn }: Pick<Reporter, 'warn'>,
) {
  return { onBadImage, maxBadImages, patience: dataPatience, onTrouble: warn };
}

/** Shuffled batches of one size; an incomplete last batch is dropped. */
export function openTrainingBatches(split: Split, options: LoaderOptions): Promise<BatchLoader> {
  return open(split, options, { shuffle: true, lastBatch: 'drop', cacheShare: 0.75 });
}

/** All images in their order; the last batch is padded. */
export function openEvaluationBatches(split: Split, options: LoaderOptions): Promise<BatchLoader> {
  return open(split, options, { shuffle: false, lastBatch: 'pad', cacheShare: 0.25 });
}

function open(
  split: Split,
  {
    backend,
    workers,
    cache,
    decode = 'cpu',
    cores = availableParallelism(),
    ...options
  }: LoaderOptions,
  { cacheShare, ...order }: Pick<BatchSettings, 'shuffle' | 'lastBatch'> & { cacheShare: number },
): Promise<BatchLoader> {
  const decoder = chosenDecoder(decode, backend);
  return openBatches(split, {
    ...options,
    ...order,
    imageSize: options.transform.size,
    workers: workers ?? defaultWorkers(backend, cores),
    prefetch: takesTurns(backend, cores) ? 0 : 2,
    // What a GPU has decoded is not kept.
    cacheBytes: decoder ? 0 : cacheBytes(cache, cacheShare),
    ...(decoder && { decoder }),
  });
}

/** All cores where decoding and computing take turns, else the share that computing leaves. */
export function defaultWorkers(backend: Pick<Backend, 'name'>, cores: number): number {
  if (takesTurns(backend, cores)) return cores;
  // A GPU leaves all but the core that gives it work, JavaScript all but its own.
  const leavesCores = backend.name === 'cuda' || backend.name === 'js';
  return Math.max(1, leavesCores ? cores - 1 : Math.floor(cores / 4));
}

/** The shares of memory that decoded images may take, of the free or of all memory. */
function cacheBytes(cache: LoaderOptions['cache'], share: number): number {
  switch (cache) {
    case 'none':
      return 0;
    case 'auto':
      return Math.floor(freemem() * 0.5 * share);
    case 'memory':
      return Math.floor(totalmem() * 0.8 * share);
  }
}
