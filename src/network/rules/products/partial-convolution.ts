import * as tf from '@tensorflow/tfjs-core';
import { placement } from '../../../connections.js';
import { runKernel } from '../../run-kernel.js';
import type { LayerNode, LayerWeight, Operation, Pass } from '../rule.js';
import { convolution } from './convolution.js';

/**
 * PartialConv2D (src/archs/layers): a convolution whose filter, zeros where maps are not connected,
 * is made of the kernel (height, width, connections) before each forward pass.
 */
export function partialConvolution(node: LayerNode): Operation | undefined {
  const [kernel, ...bias] = node.weights as [LayerWeight, ...LayerWeight[]];
  const connections = node.config['connections'] as unknown as number[][];
  const channels = node.inputShapes[0]?.[3] ?? 0;
  const [height = 0, width = 0, count = 0] = kernel.variable.shape;
  const filterShape = [height, width, channels, connections.length];
  const filter = tf.tidy(() => tf.variable(tf.zeros(filterShape), false));
  const dense: LayerWeight = { variable: filter, index: kernel.index };
  const inner = convolution({
    ...node,
    config: { ...node.config, strides: [1, 1], padding: 'valid' },
    weights: [dense, ...bias],
  });
  if (!inner) {
    filter.dispose();
    return undefined;
  }
  const places = tf.keep(placement(connections, channels));
  const makeFilter = () =>
    tf.tidy(() => {
      const rows = tf.reshape(kernel.variable, [height * width, count]);
      const product = { transposeA: false, transposeB: false, precise: true };
      const values = runKernel('BatchMatMul', { a: rows, b: places }, product);
      filter.assign(tf.reshape(values, filterShape));
    });
  const kernelGradient = (gradient: tf.Tensor) =>
    tf.tidy(() => {
      const rows = tf.reshape(gradient, [height * width, channels * connections.length]);
      const product = { transposeA: false, transposeB: true, precise: true };
      const values = runKernel('BatchMatMul', { a: rows, b: places }, product);
      return tf.reshape(values, [height, width, count]);
    });
  return {
    keeps: inner.keeps,
    mixesTypes: true,
    forward(inputs, pass) {
      makeFilter();
      return inner.forward(inputs, pass);
    },
    backward(dy, inputs, output, pass) {
      const addGradient: Pass['addGradient'] = (weight, gradient) => {
        if (weight !== dense) return pass.addGradient(weight, gradient);
        pass.addGradient(kernel, kernelGradient(gradient));
        gradient.dispose();
      };
      return inner.backward(dy, inputs, output, { ...pass, addGradient });
    },
    dispose: () => tf.dispose([filter, places]),
  };
}
