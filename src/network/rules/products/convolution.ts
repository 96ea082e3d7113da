import type * as tf from '@tensorflow/tfjs-core';
import { FoldedNorm } from '../../folded-norm.js';
import { backendHasNative, runKernel, stored } from '../../run-kernel.js';
import { biasActivationBackward, endingOf } from '../activation.js';
import { activationOf, isPlainImage, type LayerNode, type Operation } from '../rule.js';
import { groupedFilterGradient, groupedForward, groupedInputGradient } from './groups.js';
import { padAttribute } from './padding.js';

/**
 * Conv2D and GroupConv2D with their bias, activation and the padding before them; in evaluation with
 * the normalisation after them, added to a second input in place.
 */
export function convolution(node: LayerNode): Operation | undefined {
  const activation = activationOf(node);
  const [kernel, bias] = node.weights;
  if (!activation || !kernel || !isPlainImage(node)) return undefined;
  const strides = node.config['strides'] as [number, number];
  const window = node.config['kernelSize'] as [number, number];
  const groups = (node.config['groups'] ?? 1) as number;
  const split = groups > 1 && !backendHasNative() ? groups : 1;
  const { fused, finish } = endingOf(activation);
  const attributes = {
    strides,
    pad: padAttribute(node, window, strides),
    dataFormat: 'NHWC',
    dilations: [1, 1],
    dimRoundingMode: undefined,
  };
  const forwardAttributes = { ...attributes, activation: fused };
  const filterAttributes = { ...attributes, filterShape: kernel.variable.shape };
  const inputAttributes = { ...attributes, inputShape: [] as number[] };
  const backThroughActivation = biasActivationBackward(node, activation);
  const folded = node.norm && new FoldedNorm(kernel.variable, bias?.variable, node.norm);
  return {
    keeps: { inputs: [0], output: activation !== 'linear' },
    dispose: () => folded?.release(),
    mixesTypes: true,
    forward([x, sum]) {
      const own = { filter: kernel.variable, bias: bias?.variable };
      const inputs = { x: x as tf.Tensor, ...(folded?.values() ?? own), sum };
      const z =
        split > 1
          ? groupedForward(inputs, forwardAttributes, split)
          : runKernel('FusedConv2D', inputs, forwardAttributes);
      return finish(z);
    },
    backward(dy, [x], output, pass) {
      const dz = narrowed(backThroughActivation(dy, output, pass), node);
      const image = x as tf.Tensor;
      if (kernel.index !== undefined) {
        const gradient =
          split > 1
            ? groupedFilterGradient(image, dz, filterAttributes, split)
            : runKernel('Conv2DBackpropFilter', { x: image, dy: dz }, filterAttributes);
        pass.addGradient(kernel, gradient);
      }
      let dx: tf.Tensor | undefined;
      if (node.differentiable[0]) {
        inputAttributes.inputShape = image.shape;
        dx =
          split > 1
            ? groupedInputGradient(dz, kernel.variable, inputAttributes, split)
            : runKernel(
                'Conv2DBackpropInput',
                { dy: dz, filter: kernel.variable },
                inputAttributes,
              );
      }
      dz.dispose();
      return [dx];
    },
  };
}

/**
 * The kernels of both gradients are made for one type: dz in that of activations; takes dz over.
 */
function narrowed(dz: tf.Tensor, { float32 }: LayerNode): tf.Tensor {
  if (!float32) return dz;
  const result = stored(dz, 'compute');
  dz.dispose();
  return result;
}
