import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { ACTIVATIONS, type LayerActivation } from '../../activations.js';
import { UsageError } from '../../errors.js';
import type { Initialiser } from '../blocks/initialisers.js';
import { initialiser, type LayerSettings, only, type Shape, serialized } from './layer.js';

export interface GroupConv2DSettings extends LayerSettings {
  filters: number;
  kernelSize: number | [number, number];
  strides?: number | [number, number];
  padding?: 'valid' | 'same';
  groups: number;
  activation?: LayerActivation;
  useBias?: boolean;
  kernelInitializer?: Initialiser | string;
  biasInitializer?: Initialiser | string;
}

/**
 * A convolution in groups: output channels of a group see the input channels of that group alone.
 * Kernel (height, width, input channels / groups, filters).
 */
export class GroupConv2D extends layers.Layer {
  static readonly className = 'GroupConv2D';
  readonly #settings: Required<
    Pick<GroupConv2DSettings, 'filters' | 'groups' | 'padding' | 'activation' | 'useBias'>
  >;
  readonly #kernelSize: [number, number];
  readonly #strides: [number, number];
  readonly #kernelInitializer: Initialiser;
  readonly #biasInitializer: Initialiser;

  constructor(settings: GroupConv2DSettings) {
    super(settings);
    const { filters, groups, padding = 'valid', activation = 'linear', useBias = true } = settings;
    this.#settings = { filters, groups, padding, activation, useBias };
    this.#kernelSize = pair(settings.kernelSize);
    this.#strides = pair(settings.strides ?? 1);
    this.#kernelInitializer = initialiser(settings.kernelInitializer ?? 'glorotUniform');
    this.#biasInitializer = initialiser(settings.biasInitializer ?? 'zeros');
  }

  override build(inputShape: Shape): void {
    const channels = (inputShape as number[])[3] ?? 0;
    const { filters, groups, useBias } = this.#settings;
    if (channels % groups !== 0 || filters % groups !== 0) {
      throw new UsageError(
        `Layer "${this.name}": expected channels divisible by ${groups} groups but received ${channels} in and ${filters} out`,
      );
    }
    const shape = [...this.#kernelSize, channels / groups, filters];
    this.addWeight('kernel', shape, 'float32', this.#kernelInitializer, undefined, true);
    if (useBias) {
      this.addWeight('bias', [filters], 'float32', this.#biasInitializer, undefined, true);
    }
    this.built = true;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const [batch = null, height = null, width = null] = inputShape as (number | null)[];
    const size = (length: number | null, axis: 0 | 1) => {
      if (length === null) return null;
      const covered = this.#settings.padding === 'same' ? 1 : this.#kernelSize[axis];
      return Math.floor((length - covered) / this.#strides[axis]) + 1;
    };
    return [batch, size(height, 0), size(width, 1), this.#settings.filters];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const { groups, padding, activation } = this.#settings;
      const [kernel, bias] = this.weights.map((weight) => weight.read());
      const x = tf.split(only(inputs), groups, 3) as tf.Tensor4D[];
      const filter = tf.split(kernel as tf.Tensor4D, groups, 3) as tf.Tensor4D[];
      const parts = x.map((part, group) =>
        tf.conv2d(part, filter[group] as tf.Tensor4D, this.#strides, padding),
      );
      const product = tf.concat(parts, 3);
      const z = bias ? tf.add(product, bias) : product;
      return ACTIVATIONS[activation].apply(z);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      ...this.#settings,
      kernelSize: this.#kernelSize,
      strides: this.#strides,
      dilationRate: [1, 1],
      dataFormat: 'channelsLast',
      kernelInitializer: serialized(this.#kernelInitializer),
      biasInitializer: serialized(this.#biasInitializer),
    };
  }
}

tf.serialization.registerClass(GroupConv2D);

function pair(value: number | [number, number]): [number, number] {
  return typeof value === 'number' ? [value, value] : value;
}
