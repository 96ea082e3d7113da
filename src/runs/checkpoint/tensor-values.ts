import * as tf from '@tensorflow/tfjs-core';

/** A tensor of the training, such as "momentum/conv1/kernel". */
export interface NamedTensor<T extends tf.Tensor = tf.Tensor> {
  /** No other tensor of the training has it; it never changes, because checkpoints keep it. */
  readonly name: string;
  readonly tensor: T;
}

/** What our backends have beyond tfjs's: they read into memory that is there. */
interface ReadsInto {
  readInto(dataId: tf.DataId, values: Float32Array): Promise<Float32Array>;
}

/**
 * The float32 values of each tensor in turn, on our backends in memory that the next ones take: a
 * checkpoint then needs no more than its largest tensor does.
 */
export async function* valuesOf(tensors: readonly NamedTensor[]): AsyncGenerator<Uint8Array> {
  const device = tf.backend() as Partial<ReadsInto>;
  const memoryFor = reusedMemory(tensors.map(({ tensor }) => tensor.size));
  for (const { tensor } of tensors) {
    const { buffer, byteOffset, byteLength } =
      (await device.readInto?.(tensor.dataId, memoryFor(tensor.size))) ??
      (await tensor.data<'float32'>());
    yield new Uint8Array(buffer, byteOffset, byteLength);
  }
}

/**
 * Memory for one tensor of these sizes after the other: the same on our backends, which copy at once
 * what they are given, and new one on others, whose tensors may keep it.
 */
export function reusedMemory(sizes: readonly number[]): (size: number) => Float32Array {
  if ((tf.backend() as Partial<ReadsInto>).readInto === undefined) {
    return (size) => new Float32Array(size);
  }
  const memory = new Float32Array(sizes.reduce((most, size) => Math.max(most, size), 0));
  return (size) => memory.subarray(0, size);
}
