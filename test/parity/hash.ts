/** The weights and images that goldens.py computes too. */
import { crc32 } from 'node:zlib';
import type { StoredTensor } from '../../src/weights/stored-tensor.js';

/** Numbers in [low, high): murmur3's last steps on the index and the CRC of the name. */
export function uniform(
  name: string,
  count: number,
  low: number,
  high: number,
): Float32Array<ArrayBuffer> {
  const seed = crc32(name);
  const values = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    let h = (Math.imul(index, 0x9e3779b9) + seed) | 0;
    h ^= h >>> 16;
    h = Math.imul(h, 0x85ebca6b);
    h ^= h >>> 13;
    h = Math.imul(h, 0xc2b2ae35);
    h ^= h >>> 16;
    values[index] = low + (high - low) * ((h >>> 8) / 2 ** 24);
  }
  return values;
}

/** A tensor of torchvision's state_dict, by its name and shape there. */
export function hashedTensor(name: string, shape: readonly number[]): StoredTensor {
  const [low, high] = bounds(name, shape);
  return { shape, read: async () => uniform(name, sizeOf(shape), low, high) };
}

/** (N) int32 labels of each of two batches. */
export function hashedLabels(batch: number, classes: number): [Int32Array, Int32Array] {
  const labels = Int32Array.from(uniform('labels', 2 * batch, 0, classes));
  return [labels.subarray(0, batch), labels.subarray(batch)];
}

/** (N, H, W, C) of each of two batches. */
export function hashedImages(batch: number, size: number): [Float32Array, Float32Array] {
  const length = batch * size * size * 3;
  const images = uniform('images', 2 * length, -2, 2);
  return [images.subarray(0, length), images.subarray(length)];
}

function bounds(name: string, shape: readonly number[]): [low: number, high: number] {
  const kind = name.split('.').at(-1);
  if (kind === 'running_mean') return [-0.3, 0.3];
  if (kind === 'running_var') return [0.5, 2];
  if (kind === 'bias') return [-0.2, 0.2];
  if (shape.length === 1) return [0.5, 1.5];
  const bound = Math.sqrt((shape.length === 4 ? 6 : 1) / sizeOf(shape.slice(1)));
  return [-bound, bound];
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}
