/**
 * TensorFlow's operations by their names, as tfjs-node's kernels call them: tfjs has no kernels for
 * most of those that training needs.
 */
import * as tf from '@tensorflow/tfjs-core';

/** The backend's name in tfjs's registry. */
export const TENSORFLOW_BACKEND = 'tensorflow';

/** The members of tfjs-node's backend, of which tfjs's types know nothing. */
export interface NodeBackend extends tf.KernelBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: Readonly<Record<Constant, number>> & {
    readonly TF_Version: string;
    deleteTensor(id: number): void;
  };
  readonly tensorMap: tf.DataStorage<{ id: number }>;
  executeMultipleOutputs(
    name: string,
    attributes: readonly object[],
    inputs: readonly tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[];
}

type Constant = `TF_ATTR_${'BOOL' | 'FLOAT' | 'INT' | 'SHAPE' | 'STRING' | 'TYPE'}` | Type;
type Type = 'TF_FLOAT' | 'TF_INT32' | 'TF_UINT8' | 'TF_BOOL';

/** A value whose kind does not show; integers are lists. */
type Marked = { float: number } | { shape: readonly number[] } | { type: Type };
type Value = boolean | string | readonly number[] | Marked;

export const FLOAT = { type: 'TF_FLOAT' } as const;

export function nodeBackend(): NodeBackend {
  return tf.backend() as NodeBackend;
}

/** Runs an operation; the caller owns its results, of which it says the number. */
export function operate(
  name: string,
  inputs: readonly tf.Tensor[],
  attributes: Readonly<Record<string, Value>>,
  outputs = 1,
): tf.Tensor[] {
  const backend = nodeBackend();
  const list = Object.entries(attributes).map(([key, value]) => describe(backend, key, value));
  return backend.executeMultipleOutputs(name, list, inputs, outputs);
}

function describe({ binding }: NodeBackend, name: string, value: Value) {
  if (typeof value === 'boolean') return { name, type: binding.TF_ATTR_BOOL, value };
  if (typeof value === 'string') return { name, type: binding.TF_ATTR_STRING, value };
  if ('float' in value) return { name, type: binding.TF_ATTR_FLOAT, value: value.float };
  if ('shape' in value) return { name, type: binding.TF_ATTR_SHAPE, value: value.shape };
  if ('type' in value) return { name, type: binding.TF_ATTR_TYPE, value: binding[value.type] };
  return { name, type: binding.TF_ATTR_INT, value };
}
