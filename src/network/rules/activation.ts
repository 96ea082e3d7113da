import type * as tf from '@tensorflow/tfjs-core';
import { runKernel, runKernelForList, share } from '../run-kernel.js';
import type { Activation, LayerNode, Operation, Pass } from './rule.js';

const KERNELS = { linear: 'Identity', relu: 'Relu', tanh: 'Tanh', scaledTanh: 'ScaledTanh' };

/** An activation layer of its own, where it is not folded into the layer before. */
export function activation({ config }: LayerNode): Operation | undefined {
  const name = config['activation'];
  if (name !== 'relu' && name !== 'tanh' && name !== 'linear') return undefined;
  return separate(name);
}

/** ScaledTanh (src/archs/layers). */
export function scaledTanh(): Operation {
  return separate('scaledTanh');
}

function separate(name: keyof typeof KERNELS): Operation {
  return {
    keeps: { inputs: [], output: name !== 'linear' },
    forward: ([x]) => runKernel(KERNELS[name], { x }),
    backward(dy, _inputs, output) {
      if (name === 'linear') return [share(dy)];
      const inputs = { dy, y: output };
      return runKernelForList('BiasActivationGrad', inputs, { activation: name, bias: false });
    },
  };
}

/** The activation of x; x stays the caller's. */
export function activate(name: Activation, x: tf.Tensor): tf.Tensor {
  return runKernel(KERNELS[name], { x });
}

/** The way back through the activation and bias at the end of a convolution or dense layer. */
export function biasActivationBackward(
  { weights }: Pick<LayerNode, 'weights'>,
  name: Activation,
): (dy: tf.Tensor, output: tf.Tensor, pass: Pass) => tf.Tensor {
  const bias = weights[1];
  if (name === 'linear' && bias?.index === undefined) return share;
  const attributes = { activation: name, bias: bias?.index !== undefined };
  return (dy, output, pass) => {
    // A linear layer's output is not kept, nor read.
    const y = name === 'linear' ? dy : output;
    const [dz, dBias] = runKernelForList('BiasActivationGrad', { dy, y }, attributes);
    if (dBias) pass.addGradient(bias, dBias);
    return dz as tf.Tensor;
  };
}
