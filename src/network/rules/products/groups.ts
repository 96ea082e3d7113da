/** Grouped convolution on backends that have none: a convolution of each group's slices. */
import * as tf from '@tensorflow/tfjs-core';
import { type Attributes, runKernel } from '../../run-kernel.js';

/** y (N, H, W, filters) with bias and activation. */
export function groupedForward(
  { x, filter, bias }: { x: tf.Tensor; filter: tf.Tensor; bias: tf.Tensor | undefined },
  attributes: Attributes,
  groups: number,
): tf.Tensor {
  return tf.tidy(() => {
    const filters = tf.split(filter, groups, 3);
    const biases = bias && tf.split(bias, groups);
    const parts = tf.split(x, groups, 3).map((part, group) => {
      const inputs = { x: part, filter: filters[group], bias: biases?.[group] };
      return runKernel('FusedConv2D', inputs, attributes);
    });
    return tf.concat(parts, 3);
  });
}

/** The gradient of the filter (height, width, channels / groups, filters). */
export function groupedFilterGradient(
  x: tf.Tensor,
  dz: tf.Tensor,
  attributes: Attributes & { filterShape: readonly number[] },
  groups: number,
): tf.Tensor {
  return tf.tidy(() => {
    const filterShape = [...attributes.filterShape];
    filterShape[3] = (filterShape[3] as number) / groups;
    const dzs = tf.split(dz, groups, 3);
    const parts = tf
      .split(x, groups, 3)
      .map((part, group) =>
        runKernel(
          'Conv2DBackpropFilter',
          { x: part, dy: dzs[group] },
          { ...attributes, filterShape },
        ),
      );
    return tf.concat(parts, 3);
  });
}

/** The gradient of the input (N, H, W, channels). */
export function groupedInputGradient(
  dz: tf.Tensor,
  filter: tf.Tensor,
  attributes: Attributes & { inputShape: readonly number[] },
  groups: number,
): tf.Tensor {
  return tf.tidy(() => {
    const inputShape = [...attributes.inputShape];
    inputShape[3] = (inputShape[3] as number) / groups;
    const filters = tf.split(filter, groups, 3);
    const parts = tf
      .split(dz, groups, 3)
      .map((part, group) =>
        runKernel(
          'Conv2DBackpropInput',
          { dy: part, filter: filters[group] },
          { ...attributes, inputShape },
        ),
      );
    return tf.concat(parts, 3);
  });
}
