import type * as tf from '@tensorflow/tfjs-core';
import { ACTIVATIONS, type Activation, isFused, type LayerActivation } from '../../activations.js';
import { backendHasNative, runKernel, runKernelForList, share } from '../run-kernel.js';
import type { LayerNode, Operation, Pass } from './rule.js';

/** An activation layer of its own, where it is not folded into the layer before. */
export function activation({ config }: LayerNode): Operation | undefined {
  const name = config['activation'];
  return isFused(name, 'product') ? separate(name) : undefined;
}

/** ScaledTanh (src/archs/layers). */
export function scaledTanh(): Operation {
  return separate('scaledTanh');
}

function separate(name: Activation): Operation {
  return {
    keeps: { inputs: [], output: name !== 'linear' },
    forward: ([x]) => activate(name, x as tf.Tensor),
    backward(dy, _inputs, output) {
      if (name === 'linear') return [share(dy)];
      const inputs = { dy, y: output };
      return runKernelForList('BiasActivationGrad', inputs, { activation: name, bias: false });
    },
  };
}

/** The activation of x, which the caller still owns. */
function activate(name: Activation, x: tf.Tensor): tf.Tensor {
  return runKernel(ACTIVATIONS[name].kernel, { x });
}

/**
 * How a convolution or dense layer ends on the current backend: the activation that its kernel
 * computes, and `finish`, which takes the kernel's result over and computes what is left.
 */
export function endingOf(activation: LayerActivation) {
  const kind = backendHasNative() ? 'product' : 'tfjs product';
  const fused = isFused(activation, kind) ? activation : 'linear';
  const finish = (z: tf.Tensor): tf.Tensor => {
    if (fused === activation) return z;
    const y = activate(activation, z);
    z.dispose();
    return y;
  };
  return { fused, finish };
}

/** The way back through the activation and bias at the end of a convolution or dense layer. */
export function biasActivationBackward(
  { weights }: Pick<LayerNode, 'weights'>,
  name: LayerActivation,
): (dy: tf.Tensor, output: tf.Tensor, pass: Pass) => tf.Tensor {
  const bias = weights[1];
  if (name === 'linear' && bias?.index === undefined) return share;
  const attributes = { activation: name, bias: bias?.index !== undefined };
  return (dy, output, pass) => {
    // The output of a linear layer is not kept: its backward does not read it.
    const y = name === 'linear' ? dy : output;
    const [dz, dBias] = runKernelForList('BiasActivationGrad', { dy, y }, attributes);
    if (dBias) pass.addGradient(bias, dBias);
    return dz as tf.Tensor;
  };
}
