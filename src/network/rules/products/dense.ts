import type * as tf from '@tensorflow/tfjs-core';
import { runKernel } from '../../run-kernel.js';
import { biasActivationBackward, endingOf } from '../activation.js';
import { activationOf, type LayerNode, type Operation } from '../rule.js';

/** Dense with its bias and activation on (N, units). */
export function dense(node: LayerNode): Operation | undefined {
  const activation = activationOf(node);
  const [kernel, bias] = node.weights;
  if (!activation || !kernel || !isRow(node)) return undefined;
  const { fused, finish } = endingOf(activation);
  const product = { transposeA: false, transposeB: false, activation: fused };
  const kernelAttributes = { transposeA: true, transposeB: false, precise: true };
  const inputAttributes = { transposeA: false, transposeB: true, precise: false };
  const backThroughActivation = biasActivationBackward(node, activation);
  return {
    keeps: { inputs: [0], output: activation !== 'linear' },
    mixesTypes: true,
    forward([x]) {
      const inputs = { a: x, b: kernel.variable, bias: bias?.variable };
      return finish(runKernel('_FusedMatMul', inputs, product));
    },
    backward(dy, [x], output, pass) {
      const dz = backThroughActivation(dy, output, pass);
      if (kernel.index !== undefined) {
        const inputs = { a: x as tf.Tensor, b: dz };
        pass.addGradient(kernel, runKernel('BatchMatMul', inputs, kernelAttributes));
      }
      let dx: tf.Tensor | undefined;
      if (node.differentiable[0]) {
        dx = runKernel('BatchMatMul', { a: dz, b: kernel.variable }, inputAttributes);
      }
      dz.dispose();
      return [dx];
    },
  };
}

/** Images as rows of numbers: (N, units). */
export function isRow({ inputShapes }: Pick<LayerNode, 'inputShapes'>): boolean {
  return inputShapes[0]?.length === 2;
}
