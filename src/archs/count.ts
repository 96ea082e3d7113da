import type { LayersModel, layers } from '@tensorflow/tfjs-layers';

/** What one layer of a model costs. */
export interface LayerCost {
  readonly name: string;
  /** The tf.layers class. */
  readonly kind: string;
  /** Without the batch. */
  readonly outputShape: number[];
  /** Values of one image that the layer makes; none where it only passes its input on. */
  readonly activations: number;
  /** Trained values: `weights` + `biases`. */
  readonly parameters: number;
  readonly weights: number;
  /** Biases, and the betas of batch normalisation. */
  readonly biases: number;
  /** Multiply-adds of convolutions and dense layers for one image; other work counts as none. */
  readonly macs: number;
}

/**
 * Layers that only reshape, do nothing in evaluation, or add zeros that the next layer can add
 * itself.
 */
const PASSING: readonly string[] = ['Flatten', 'Reshape', 'Dropout', 'ZeroPadding2D'];

/** `224×224×3`. */
export function shapeText(shape: readonly number[]): string {
  return shape.join('×');
}

/** The layers of a model in order, with what each makes and costs. */
export function layerCosts(model: LayersModel): LayerCost[] {
  return model.layers.map((layer) => {
    const outputShape = (layer.outputShape as (number | null)[]).slice(1).map((size) => size ?? 0);
    const kind = layer.getClassName();
    const trained = { weights: 0, biases: 0 };
    for (const { originalName, shape } of layer.trainableWeights) {
      const bias = /\/(bias|beta)$/.test(originalName);
      trained[bias ? 'biases' : 'weights'] += product(shape);
    }
    return {
      name: layer.name,
      kind,
      outputShape,
      activations: PASSING.includes(kind) ? 0 : product(outputShape),
      parameters: trained.weights + trained.biases,
      ...trained,
      macs: macs(layer, outputShape),
    };
  });
}

/** Trained parameters and multiply-adds of a model. */
export function modelCost(model: LayersModel): { parameters: number; macs: number } {
  const total = { parameters: 0, macs: 0 };
  for (const layer of layerCosts(model)) {
    total.parameters += layer.parameters;
    total.macs += layer.macs;
  }
  return total;
}

/** Every element of a kernel is used once for each output position. */
function macs(layer: layers.Layer, outputShape: readonly number[]): number {
  const kernel = layer.weights.find((weight) => weight.originalName.endsWith('/kernel'));
  return kernel ? product(kernel.shape) * product(outputShape.slice(0, -1)) : 0;
}

function product(sizes: readonly (number | null)[]): number {
  return sizes.reduce<number>((result, size) => result * (size ?? 1), 1);
}
