import type { Backend } from '../backend/index.js';
import { OutOfMemoryError } from '../errors.js';

/** The share of a device's memory that is free for tensors: libraries and workspaces take the rest. */
const FREE_SHARE = 0.85;

/**
 * The error itself, or one that names a batch size that fits, where a step of `batchSize` images was
 * too large for the device. `bytesOf` estimates the memory of a step by its batch size.
 */
export async function withFittingBatch(
  error: unknown,
  { memoryBytes }: Pick<Backend, 'memoryBytes'>,
  batchSize: number,
  bytesOf: (batchSize: number) => Promise<number>,
): Promise<unknown> {
  if (!(error instanceof OutOfMemoryError) || memoryBytes === undefined) return error;
  const [one, all] = [await bytesOf(1), await bytesOf(batchSize)];
  const perImage = (all - one) / Math.max(1, batchSize - 1);
  const most = Math.floor((FREE_SHARE * memoryBytes - one) / perImage) + 1;
  const fitting = roundDown(Math.min(most, batchSize - 1));
  const advice =
    fitting >= 1
      ? `--batch-size ${fitting} fits by estimate`
      : 'not even one image fits: choose a smaller network or --input-size';
  return new OutOfMemoryError(
    `A step of ${batchSize} images needs more than the ${mebibytes(memoryBytes)} MiB of the GPU: ${advice}`,
    { cause: error },
  );
}

/** To a multiple of 8, which suits a GPU, or of 1 below that. */
function roundDown(batchSize: number): number {
  return batchSize < 8 ? batchSize : batchSize - (batchSize % 8);
}

function mebibytes(bytes: number): string {
  return Math.floor(bytes / 2 ** 20).toLocaleString('en');
}
