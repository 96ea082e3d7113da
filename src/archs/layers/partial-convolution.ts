import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { ACTIVATIONS, type LayerActivation } from '../../activations.js';
import { placement } from '../../connections.js';
import { UsageError } from '../../errors.js';
import type { Initialiser } from '../blocks/initialisers.js';
import { initialiser, type LayerSettings, only, type Shape, serialized } from './layer.js';

export interface PartialConv2DSettings extends LayerSettings {
  /** The input maps that each output map sees. */
  connections: number[][];
  kernelSize: [number, number];
  activation?: LayerActivation;
  kernelInitializer?: Initialiser | string;
  biasInitializer?: Initialiser | string;
}

/**
 * A convolution, stride 1 and no padding, whose output maps see some of the input maps each (table
 * I of LeCun et al., 1998). The kernel (height, width, connections) has one filter for each pair of
 * maps, in the order of `connections`.
 */
export class PartialConv2D extends layers.Layer {
  static readonly className = 'PartialConv2D';
  readonly #connections: number[][];
  readonly #kernelSize: [number, number];
  readonly #activation: LayerActivation;
  readonly #kernelInitializer: Initialiser;
  readonly #biasInitializer: Initialiser;

  constructor(settings: PartialConv2DSettings) {
    super(settings);
    this.#connections = settings.connections;
    this.#kernelSize = settings.kernelSize;
    this.#activation = settings.activation ?? 'linear';
    this.#kernelInitializer = initialiser(settings.kernelInitializer ?? 'glorotUniform');
    this.#biasInitializer = initialiser(settings.biasInitializer ?? 'zeros');
  }

  override build(inputShape: Shape): void {
    const channels = (inputShape as number[])[3] ?? 0;
    const pairs = this.#connections.flat();
    const unknown = pairs.find((map) => !Number.isInteger(map) || map < 0 || map >= channels);
    if (unknown !== undefined) {
      throw new UsageError(
        `Layer "${this.name}": expected connections to the input maps 0 to ${channels - 1} but received ${unknown}`,
      );
    }
    const shape = [...this.#kernelSize, pairs.length];
    this.addWeight('kernel', shape, 'float32', this.#kernelInitializer, undefined, true);
    const maps = [this.#connections.length];
    this.addWeight('bias', maps, 'float32', this.#biasInitializer, undefined, true);
    this.built = true;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const [batch = null, ...lengths] = inputShape as (number | null)[];
    const [height, width] = this.#kernelSize.map((covered, axis) => {
      const length = lengths[axis] ?? null;
      return length === null ? null : length - covered + 1;
    });
    return [batch, height ?? null, width ?? null, this.#connections.length];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = only(inputs);
      const [kernel, bias] = this.weights.map((weight) => weight.read()) as [tf.Tensor, tf.Tensor];
      const [height, width] = this.#kernelSize;
      const channels = x.shape[3];
      const filters = this.#connections.length;
      const places = placement(this.#connections, channels);
      const dense = tf.matMul(tf.reshape(kernel, [height * width, places.shape[0]]), places);
      const filter = tf.reshape(dense, [height, width, channels, filters]) as tf.Tensor4D;
      const z = tf.add(tf.conv2d(x, filter, 1, 'valid'), bias);
      return ACTIVATIONS[this.#activation].apply(z);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      connections: this.#connections,
      kernelSize: this.#kernelSize,
      activation: this.#activation,
      kernelInitializer: serialized(this.#kernelInitializer),
      biasInitializer: serialized(this.#biasInitializer),
    };
  }
}

tf.serialization.registerClass(PartialConv2D);
