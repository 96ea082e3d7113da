import * as tf from '@tensorflow/tfjs-core';
import { runKernel, runKernelForList } from '../../run-kernel.js';
import { isPlainImage, type LayerNode, type LayerWeight, type Operation } from '../rule.js';

/**
 * Subsampling2D (src/archs/layers): each window's sum times a coefficient, plus a bias. After the
 * means this is batch normalisation by fixed statistics, mean 0 and deviation 1 / pixels, with the
 * coefficient as gamma and the bias as beta.
 */
export function subsampling(node: LayerNode): Operation | undefined {
  if (!isPlainImage(node)) return undefined;
  const [coefficient, bias] = node.weights as [LayerWeight, LayerWeight];
  const size = node.config['poolSize'] as number;
  const window = [size, size];
  const pooling = { filterSize: window, strides: window, pad: 'valid', dimRoundingMode: undefined };
  const maps = coefficient.variable.shape;
  const constant = (value: number) => tf.keep(tf.fill(maps, value));
  const fixed = {
    mean: constant(0),
    variance: constant(size ** -4),
    deviation: constant(size ** 2),
  };
  const affine = { gamma: coefficient.variable, beta: bias.variable, mean: fixed.mean };
  const normalisation = { epsilon: 0, activation: 'linear' };
  const gradient = { activation: 'linear', residual: false, frozen: true };
  const meansOf = (x: tf.Tensor) => runKernel('AvgPool', { x }, pooling);
  return {
    keeps: { inputs: [0], output: false },
    forward([image]) {
      const x = meansOf(image as tf.Tensor);
      const inputs = { x, ...affine, variance: fixed.variance };
      const y = runKernel('BatchNormInference', inputs, normalisation);
      x.dispose();
      return y;
    },
    backward(dy, [image], _output, pass) {
      const x = meansOf(image as tf.Tensor);
      const inputs = { dy, x, ...affine, inverseDeviation: fixed.deviation };
      const results = runKernelForList('BatchNormGrad', inputs, gradient);
      const [dMeans, dCoefficient, dBias] = results as [tf.Tensor, tf.Tensor, tf.Tensor];
      pass.addGradient(coefficient, dCoefficient);
      pass.addGradient(bias, dBias);
      const dx = runKernel('AvgPoolGrad', { dy: dMeans, input: image }, pooling);
      tf.dispose([x, dMeans]);
      return [dx];
    },
    dispose: () => tf.dispose(fixed),
  };
}
