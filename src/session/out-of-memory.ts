/** What does not fit into the memory of a device, and what would. */
import type { Backend } from '../backend/index.js';
import { OutOfMemoryError, UsageError } from '../errors.js';
import { machineMemory } from '../system/memory.js';
import type { Session } from './session.js';

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
    `A step of ${batchSize} images needs more than the ${placeOf(device)}: ${advice}`,
    { cause: error },
  );
}

/** Throws a UsageError where a step of `batchSize` images needs more than all of the memory. */
export async function checkFits(
  device: Device,
  batchSize: number,
  bytesOf: BytesOf,
): Promise<void> {
  const memoryBytes = memoryOf(device);
  const bytes = await bytesOf(batchSize);
  if (bytes <= memoryBytes) return;
  const needs = `A step of ${batchSize} images needs ${mebibytes(bytes)} MiB by estimate`;
  const advice = await adviceFor(memoryBytes, batchSize, bytesOf);
  throw new UsageError(`${needs}, more than the ${placeOf(device)}: ${advice}`);
}

/**
 * The same for a pass forward, of which only the least is known: a convolution has its input and its
 * output in memory.
 */
export function checkForwardFits(
  { model, card }: Session,
  batchSize: number,
  device: Device & Pick<Backend, 'precision'>,
): void {
  const convolutions = model.layers.filter((layer) => layer.getClassName() === 'Conv2D');
  const numbers = convolutions.map((layer) => sizeOf(layer.input) + sizeOf(layer.output));
  const bytes = batchSize * Math.max(0, ...numbers) * (device.precision === 'bf16' ? 2 : 4);
  if (bytes <= memoryOf(device)) return;
  const { inputSize: size } = card;
  const images = batchSize === 1 ? 'An image' : `A batch of ${batchSize} images`;
  throw new UsageError(
    `${images} of ${size}×${size} needs at least ${mebibytes(bytes)} MiB, more than the ${placeOf(device)}: choose a smaller ${batchSize === 1 ? '' : '--batch-size or '}--crop-size`,
  );
}

function sizeOf(tensors: Session['model']['input']): number {
  return [tensors].flat().reduce((sum, { shape }) => {
    return sum + shape.slice(1).reduce<number>((size, axis) => size * (axis ?? 1), 1);
  }, 0);
}

async function adviceFor(memoryBytes: number, batchSize: number, bytesOf: BytesOf) {
  const one = await bytesOf(1);
  const perImage = ((await bytesOf(batchSize)) - one) / Math.max(1, batchSize - 1);
  const most = Math.floor((FREE_SHARE * memoryBytes - one) / perImage) + 1;
  const fitting = roundDown(Math.min(most, batchSize - 1));
  if (fitting >= 1) return `--batch-size ${fitting} fits by estimate`;
  return 'not even one image fits: choose a smaller network or --input-size';
}

function memoryOf({ memoryBytes }: Device): number {
  return memoryBytes ?? machineMemory();
}

function placeOf(device: Device): string {
  const place = device.memoryBytes === undefined ? 'this machine' : 'the GPU';
  return `${mebibytes(memoryOf(device))} MiB of ${place}`;
}

/** To a multiple of 8, which suits a GPU, or of 1 below that. */
function roundDown(batchSize: number): number {
  return batchSize < 8 ? batchSize : batchSize - (batchSize % 8);
}

function mebibytes(bytes: number): string {
  return Math.floor(bytes / 2 ** 20).toLocaleString('en');
}
