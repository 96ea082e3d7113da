import type * as tf from '@tensorflow/tfjs-core';
import { addInto, runKernel, runKernelForList, share } from '../run-kernel.js';
import { appendMaps } from './normalisation/joined-maps.js';
import type { LayerNode, Operation } from './rule.js';

/** Add: the sum of inputs of one shape. */
export function add({
  inputShapes,
  outputShape,
  differentiable,
}: LayerNode): Operation | undefined {
  const shape = outputShape.join();
  if (inputShapes.some((input) => input.join() !== shape)) return undefined;
  return {
    keeps: { inputs: [], output: false },
    forward([a, b, ...others]) {
      const sum = runKernel('Add', { a, b });
      return others.reduce((total, x) => addInto(total, share(x)), sum);
    },
    backward: (dy) => differentiable.map((needed) => (needed ? share(dy) : undefined)),
  };
}

/** Concatenate along one axis. */
export function concatenate(node: LayerNode): Operation | undefined {
  if (node.joined) return appendMaps(node, node.joined);
  const { inputShapes, outputShape, differentiable } = node;
  const given = node.config['axis'] as number;
  const axis = given < 0 ? given + outputShape.length : given;
  const numOrSizeSplits = inputShapes.map((shape) => shape[axis]);
  if (axis === 0 || numOrSizeSplits.includes(null)) return undefined;
  return {
    keeps: { inputs: [], output: false },
    forward: (inputs) => runKernel('Concat', inputs, { axis }),
    backward(dy) {
      const parts: tf.Tensor[] = runKernelForList('SplitV', { x: dy }, { numOrSizeSplits, axis });
      return parts.map((part, input) => {
        if (differentiable[input]) return part;
        part.dispose();
        return undefined;
      });
    },
  };
}
