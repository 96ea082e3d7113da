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
  const most = tensors.reduce((size, { tensor }) => Math.max(size, tensor.size), 0);
  const memory = new Float32Array(device.readInto === undefined ? 0 : most);
  for (const { tensor } of tensors) {
    const { buffer, byteOffset, byteLength } =
      (await device.readInto?.(tensor.dataId, memory.subarray(0, tensor.size))) ??
      (await tensor.data<'float32'>());
    yield new Uint8Array(buffer, byteOffset, byteLength);
  }
}
