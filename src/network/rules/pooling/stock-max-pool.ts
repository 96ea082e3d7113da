/**
 * Max pooling by the kernels of tfjs, which leave NaN out, on the stock backends and of windows that
 * our kernel does not take: a NaN in a window is its maximum and takes its gradient, as in PyTorch
 * and in our own kernel.
 */
import * as tf from '@tensorflow/tfjs-core';
import { nodeBackend, TENSORFLOW_BACKEND } from '../../../backend/tensorflow/operation.js';
import { type Attributes, backendHasNative, runKernel } from '../../run-kernel.js';

/** The maximum of each window of x (N, H, W, C). */
export function stockMaxPool(x: tf.Tensor, attributes: Attributes): tf.Tensor {
  if (!mayHoldNan(x)) return runKernel('MaxPool', { x }, attributes);
  return tf.tidy(() => {
    const y = runKernel('MaxPool', { x }, attributes);
    const marks = tf.cast(tf.isNaN(x), 'float32');
    const found = tf.greater(runKernel('MaxPool', { x: marks }, attributes), 0);
    return tf.where(found, tf.fill(y.shape, Number.NaN), y);
  });
}

/** The gradient of x. */
export function stockMaxPoolGradient(
  { dy, input, output }: { dy: tf.Tensor; input: tf.Tensor; output: tf.Tensor },
  attributes: Attributes,
): tf.Tensor {
  if (!mayHoldNan(output)) return runKernel('MaxPoolGrad', { dy, input, output }, attributes);
  return tf.tidy(() => {
    const inputs = { dy, input: nanGreatest(input), output: nanGreatest(output) };
    return runKernel('MaxPoolGrad', inputs, attributes);
  });
}

/**
 * Whether there is a NaN to look for: the sum tells. It is not asked where that would make the host
 * wait: of our backends, and of TensorFlow on a GPU, which is told to spread NaN by itself.
 */
function mayHoldNan(x: tf.Tensor): boolean {
  if (backendHasNative()) return true;
  if (tf.getBackend() === TENSORFLOW_BACKEND && nodeBackend().isUsingGpuDevice) return false;
  return Number.isNaN(tf.tidy(() => tf.sum(x)).dataSync()[0]);
}

const LARGEST = 3.4028234663852886e38;

/** Infinity where x is NaN, and the largest finite number where x is infinite. */
function nanGreatest(x: tf.Tensor): tf.Tensor {
  const finite = tf.clipByValue(x, -LARGEST, LARGEST);
  return tf.where(tf.isNaN(x), tf.fill(x.shape, Number.POSITIVE_INFINITY), finite);
}
