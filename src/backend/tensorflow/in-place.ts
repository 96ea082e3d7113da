/**
 * Changes variables in place by TensorFlow's operations on resources, which read and write each
 * value once where tfjs's ops make a new tensor at every step of the arithmetic.
 */
import * as tf from '@tensorflow/tfjs-core';
import { FLOAT, type NodeBackend, nodeBackend, operate } from './operation.js';

/** Under this name each handle is a resource of its own, which ends with the handle. */
const ANONYMOUS = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347';

/** The data of variables that lie in memory of TensorFlow's, and not in an array of JavaScript's. */
const owned = new WeakSet<tf.DataId>();

/** Says that a tensor is an operation's result, which no array of JavaScript's holds. */
export function own(tensor: tf.Tensor): tf.Tensor {
  owned.add(tensor.dataId);
  return tensor;
}

/** Calls `change` with a resource for each float32 variable; the variables have its values then. */
export function changeInPlace(
  variables: readonly tf.Tensor[],
  change: (resources: tf.Tensor[]) => void,
): void {
  tf.tidy(() => {
    const backend = nodeBackend();
    const resources = variables.map((variable) => lend(backend, variable));
    try {
      change(resources);
    } finally {
      variables.forEach((variable, index) => {
        const [value] = operate('ReadVariableOp', [resources[index] as tf.Tensor], {
          dtype: FLOAT,
        });
        take(backend, variable, value as tf.Tensor);
      });
    }
  });
}

/** A resource with the value of a variable, which has none until `take` gives it one. */
function lend(backend: NodeBackend, variable: tf.Tensor): tf.Tensor {
  const shape = { shape: variable.shape };
  const names = { container: '', shared_name: ANONYMOUS };
  const [resource] = operate('VarHandleOp', [], { dtype: FLOAT, shape, ...names }) as [tf.Tensor];
  const value = owned.has(variable.dataId) ? variable : tf.mul(variable, 1);
  operate('AssignVariableOp', [resource, value], { dtype: FLOAT }, 0);
  if (value !== variable) value.dispose();
  // The only other reference to the values: with it, the first change would copy them.
  const data = backend.tensorMap.get(variable.dataId);
  if (data.id >= 0) backend.binding.deleteTensor(data.id);
  data.id = -1;
  return resource;
}

/** Makes a tensor's value that of a variable. */
function take(backend: NodeBackend, variable: tf.Tensor, value: tf.Tensor): void {
  const from = backend.tensorMap.get(value.dataId);
  backend.tensorMap.get(variable.dataId).id = from.id;
  from.id = -1;
  value.dispose();
  own(variable);
}
