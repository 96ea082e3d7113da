/**
 * Logits are float32 in bf16 too, whatever layers make them: the last convolutions and products on
 * the ways to them, and all layers after those, have float32 results.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { GraphNode } from './graph.js';
import type { Operation } from './rules/rule.js';
import { computeFloat32, stored } from './run-kernel.js';

/** Marks the nodes whose output is float32; `outputs` are the logits of the model's heads. */
export function markFloat32(nodes: readonly GraphNode[], outputs: readonly number[]): void {
  const producers = new Map(nodes.map((node) => [node.output, node]));
  // No further than to a second sum or join: all of a residual network is sums of sums.
  const mark = (value: number, merged: boolean) => {
    const node = producers.get(value);
    const merges = node !== undefined && node.inputs.length > 1;
    if (!node || node.float32 || (merges && merged)) return;
    node.float32 = true;
    if (hasFilter(node) || node.joined) return;
    for (const input of node.inputs) mark(input, merged || merges);
  };
  for (const output of outputs) mark(output, false);
  // What reads float32 is float32, as most kernels want one type; those on joined maps do not.
  const values = new Set<number>();
  for (const node of nodes) {
    if (!node.joined && node.inputs.some((input) => values.has(input))) node.float32 = true;
    if (node.float32) values.add(node.output);
  }
}

/** Whether it sums over its inputs by weights, and does not only scale and shift them. */
function hasFilter({ layer }: GraphNode): boolean {
  return layer.weights.some(({ shape }) => shape.length > 1);
}

/**
 * The operation with float32 results. Its kernels read float32 copies of the inputs, unless it says
 * that they mix types. Gradients of inputs that are `narrow`, stored as the precision says, are
 * too.
 */
export function inFloat32(operation: Operation, narrow: readonly boolean[]): Operation {
  const { forward, backward, mixesTypes } = operation;
  if (mixesTypes) {
    return { ...operation, forward: (x, pass) => computeFloat32(() => forward(x, pass)) };
  }
  return {
    ...operation,
    forward: (inputs, pass) =>
      withWide(inputs, (wide) => computeFloat32(() => forward(wide, pass))),
    backward: (dy, inputs, output, pass) => {
      const dInputs = withWide([dy, ...inputs], ([dyWide, ...wide]) =>
        computeFloat32(() => backward(dyWide as tf.Tensor, wide, output, pass)),
      );
      return dInputs.map((gradient, input) => {
        if (!gradient || !narrow[input]) return gradient;
        const result = stored(gradient, 'compute');
        gradient.dispose();
        return result;
      });
    },
  };
}

/** Calls `compute` with float32 copies of the tensors; freed inputs are undefined. */
function withWide<T>(
  tensors: readonly (tf.Tensor | undefined)[],
  compute: (wide: tf.Tensor[]) => T,
): T {
  const wide = tensors.map((tensor) => tensor && stored(tensor, 'f32'));
  const result = compute(wide as tf.Tensor[]);
  for (const tensor of wide) tensor?.dispose();
  return result;
}
