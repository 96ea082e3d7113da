/** Kernels of tfjs-node that are wrong or slow, replaced. */
import * as tf from '@tensorflow/tfjs-core';
import { FLOAT, operate, TENSORFLOW_BACKEND } from './operation.js';

type KernelFunc = tf.KernelConfig['kernelFunc'];

/** Each takes the kernel of tfjs-node, which stays for the cases that it does not cover. */
const REPLACEMENTS: Readonly<Record<string, (stock: KernelFunc) => KernelFunc>> = {
  Conv2DBackpropFilter: filterGradient,
  FusedConv2D: (stock) => endingInBias(stock, 'Conv2D'),
  _FusedMatMul: (stock) => endingInBias(stock, 'BatchMatMul'),
};

/** Replaces the kernels of the backend, which must be registered. */
export function replaceKernels(): void {
  for (const [kernelName, replace] of Object.entries(REPLACEMENTS)) {
    const stock = tf.getKernel(kernelName, TENSORFLOW_BACKEND).kernelFunc;
    tf.unregisterKernel(kernelName, TENSORFLOW_BACKEND);
    const kernelFunc = replace(stock);
    tf.registerKernel({ kernelName, backendName: TENSORFLOW_BACKEND, kernelFunc });
  }
}

/** A product with a bias for each channel, added by TensorFlow's operation for that, and a ReLU. */
function endingInBias(stock: KernelFunc, product: 'Conv2D' | 'BatchMatMul'): KernelFunc {
  return (call) => {
    const { bias, ...operands } = call.inputs as tf.NamedTensorMap & { bias?: tf.Tensor };
    const { activation, dataFormat = 'NHWC' } = call.attrs as unknown as Ending;
    const plain = activation === 'linear' || activation === 'relu';
    if (bias?.rank !== 1 || !plain || dataFormat !== 'NHWC') return stock(call);
    return tf.tidy(() => {
      const z = tf.engine().runKernel<tf.Tensor>(product, operands, call.attrs);
      const [sum] = operate('BiasAdd', [z, bias], { T: FLOAT, data_format: 'NHWC' });
      return activation === 'relu' ? tf.relu(sum as tf.Tensor) : (sum as tf.Tensor);
    });
  };
}

interface Ending {
  readonly activation: string;
  readonly dataFormat?: 'NHWC' | 'NCHW';
}

/**
 * oneDNN in TensorFlow 2.21 gives wrong gradients of 1×1 filters with strides, and writes outside
 * its memory. They are those without strides of the pixels that the filter meets.
 */
function filterGradient(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { strides, filterShape, dataFormat, pad } = call.attrs as unknown as Attributes;
    const [rows, columns] = typeof strides === 'number' ? [strides, strides] : strides;
    const pointwise = filterShape[0] === 1 && filterShape[1] === 1;
    const strided = pointwise && Math.max(rows, columns) > 1;
    if (!strided || dataFormat !== 'NHWC' || typeof pad !== 'string') return stock(call);
    const { x, dy } = call.inputs as { x: tf.Tensor4D; dy: tf.TensorInfo };
    const met = tf.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, rows, columns, 1]);
    try {
      return stock({ ...call, inputs: { x: met, dy }, attrs: { ...call.attrs, strides: 1 } });
    } finally {
      met.dispose();
    }
  };
}

interface Attributes {
  readonly strides: number | readonly [number, number];
  readonly filterShape: readonly number[];
  readonly dataFormat: 'NHWC' | 'NCHW';
  readonly pad: unknown;
}
