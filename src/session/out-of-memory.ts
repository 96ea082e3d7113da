/** What does not fit into the memory of a device, and what would. */

import type { Backend } from '../backend/index.js';
import { counted } from '../counted.js';
import { OutOfMemoryError, UsageError } from '../errors.js';
import { machineMemory } from '../system/memory.js';

/** The share of a device's memory that is free for tensors: libraries and workspaces take the rest. */
const FREE_SHARE = 0.85;

type Device = Pick<Backend, 'memoryBytes'>;
/** Estimates the memory of a step by its batch size. */
type BytesOf = (batchSize: number) => Promise<number>;

/**
 * The error itself, or one that names a batch size that fits, where a step of `batchSize` images was
 * too large for the device.
 */
export async function withFittingBatch(
  error: unknown,
  device: Device,
  batchSize: number,
  bytesOf: BytesOf,
): Promise<unknown> {
  if (!(error instanceof OutOfMemoryError) || device.memoryBytes === undefined) return error;
  const advice = await adviceFor(device.memoryBytes, batchSize, bytesOf);
  return new OutOfMemoryError(
    `A step of ${counted(batchSize, 'image')} needs more than the ${placeOf(device)}: ${advice}`,
    { cause: error },
  );
}

/** How messages name what does not fit. */
interface Words {
  readonly what: (batchSize: number) => string;
  /** What to make smaller where not even one image fits. */
  readonly smaller: string;
}

const TRAINING: Words = {
  what: (batchSize) => `A step of ${counted(batchSize, 'image')}`,
  smaller: 'a smaller network or --input-size',
};

/** Throws a UsageError where a step of `batchSize` images needs more than all of the memory. */
export async function checkFits(
  device: Device,
  batchSize: number,
  bytesOf: BytesOf,
  { what, smaller } = TRAINING,
): Promise<void> {
  const memoryBytes = memoryOf(device);
  const bytes = await bytesOf(batchSize);
  if (bytes <= memoryBytes) return;
  const needs = `${what(batchSize)} needs ${mebibytes(bytes)} MiB by estimate`;
  const advice = await adviceFor(memoryBytes, batchSize, bytesOf, smaller);
  throw new UsageError(`${needs}, more than the ${placeOf(device)}: ${advice}`);
}

async function adviceFor(
  memoryBytes: number,
  batchSize: number,
  bytesOf: BytesOf,
  smaller = TRAINING.smaller,
) {
  if (batchSize === 1) return `choose ${smaller}`;
  const one = await bytesOf(1);
  const perImage = ((await bytesOf(batchSize)) - one) / (batchSize - 1);
  const most = Math.floor((FREE_SHARE * memoryBytes - one) / perImage) + 1;
  const fitting = roundDown(Math.min(most, batchSize - 1));
  if (fitting >= 1) return `--batch-size ${fitting} fits by estimate`;
  return `not even one image fits: choose ${smaller}`;
}

export function memoryOf({ memoryBytes }: Device): number {
  return memoryBytes ?? machineMemory();
}

export function placeOf(device: Device): string {
  const place = device.memoryBytes === undefined ? 'this machine' : 'the GPU';
  return `${mebibytes(memoryOf(device))} MiB of ${place}`;
}

/** To a multiple of 8, which suits a GPU, or of 1 below that. */
function roundDown(batchSize: number): number {
  return batchSize < 8 ? batchSize : batchSize - (batchSize % 8);
}

export function mebibytes(bytes: number): string {
  return Math.floor(bytes / 2 ** 20).toLocaleString('en');
}
