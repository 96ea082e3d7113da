/**
 * The form in which a trained network runs over a whole image of any size: Simonyan and Zisserman,
 * 2014, section 3.2. Its first dense layer becomes a convolution as large as the map that it was
 * trained on, the others 1×1 convolutions, and a global pooling one over a window of that size at
 * every position. Layers with weights are those of the trained network itself.
 */

import { reshape, type Tensor } from '@tensorflow/tfjs-core';
import {
  initializers,
  type LayersModel,
  layers,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { UsageError } from '../../errors.js';

/** What networks of several sizes share. */
export class DenseForm {
  readonly #trained: ReadonlyMap<string, layers.Layer>;
  readonly #name: string;
  readonly #convolutions = new Map<string, layers.Layer>();
  /** Of the layers in the trained network. */
  readonly #uses: ReadonlyMap<layers.Layer, { inbound: number; outbound: number }>;

  constructor(trained: LayersModel) {
    this.#name = trained.name;
    this.#uses = new Map(
      trained.layers.map((layer) => {
        const { inboundNodes, outboundNodes } = layer;
        return [layer, { inbound: inboundNodes.length, outbound: outboundNodes.length }];
      }),
    );
    this.#trained = new Map(trained.layers.map((layer) => [layer.name, layer]));
  }

  /** The trained layer of this name where it has weights, else the layer itself. */
  layer(made: layers.Layer): layers.Layer {
    const known = this.#trained.get(made.name);
    return known !== undefined && known.weights.length > 0 ? known : made;
  }

  /** A dense layer over the rows of windows as a convolution. */
  dense(x: SymbolicTensor, name: string): SymbolicTensor {
    const known = this.#convolutions.get(name);
    if (known !== undefined) return known.apply(x) as SymbolicTensor;
    const trained = this.#trained.get(name) as layers.Layer;
    const [kernel, bias] = trained.weights.map((weight) => weight.read()) as [Tensor, Tensor?];
    const [inputs = 0, filters = 0] = kernel.shape;
    const kernelSize: [number, number] = inputs === x.shape[3] ? [1, 1] : this.window('flatten');
    const convolution = layers.conv2d({
      ...{ name, filters, kernelSize, useBias: bias !== undefined },
      activation: trained.getConfig()['activation'] as 'relu',
      kernelInitializer: new GivenValues(kernel),
      ...(bias && { biasInitializer: new GivenValues(bias) }),
    });
    this.#convolutions.set(name, convolution);
    return convolution.apply(x) as SymbolicTensor;
  }

  /** Height and width of the map that a trained layer of this name reads. */
  window(name: string): [number, number] {
    const [node] = this.#trained.get(name)?.inboundNodes ?? [];
    const [, height = 0, width = 0] = (node?.inputShapes[0] ?? []) as number[];
    return [height, width];
  }

  /** Drops what tf.layers keeps of each use of a layer, once a network of some size is planned. */
  forget(): void {
    for (const layer of [...this.#trained.values(), ...this.#convolutions.values()]) {
      const { inbound = 0, outbound = 0 } = this.#uses.get(layer) ?? {};
      layer.inboundNodes.splice(inbound);
      layer.outboundNodes.splice(outbound);
    }
  }

  /** Throws where the network resizes its maps by the size of the image. */
  checkUnresized(name: string): void {
    if (!this.#trained.has(name)) return;
    throw new UsageError(
      `--crops dense cannot be with ${this.#name} at this --crop-size, at which its layer "${name}" resizes the maps: give the size of its paper`,
    );
  }
}

/** The values of another weight, without a copy. */
class GivenValues extends (initializers.zeros().constructor as new () => ReturnType<
  typeof initializers.zeros
>) {
  readonly #values: Tensor;

  constructor(values: Tensor) {
    super();
    this.#values = values;
  }

  override apply(shape: number[]): Tensor {
    return reshape(this.#values, shape);
  }
}

/** A size for which a network is built in that form. */
export interface DenseSize {
  readonly form: DenseForm;
  readonly height: number;
  readonly width: number;
}

let current: DenseSize | undefined;

/** The form and size in which `build` of `inDenseForm` builds, for the words that it uses. */
export function denseSize(): DenseSize | undefined {
  return current;
}

/** Runs `build`, whose networks are made in this form and size. */
export function inDenseForm<T>(size: DenseSize, build: () => T): T {
  current = size;
  try {
    return build();
  } finally {
    current = undefined;
  }
}
