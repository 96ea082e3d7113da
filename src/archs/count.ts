import type { LayersModel, layers } from '@tensorflow/tfjs-layers';

/** What one layer of a model costs. */
export interface LayerCost {
  readonly name: string;
  /** The tf.layers class. */
  readonly kind: string;
  /** Without the batch. */
  readonly outputShape: number[];
  readonly parameters: number;
  /** Multiply-adds of convolutions and dense layers for one image; other work counts as none. */
  readonly macs: number;
}

/** The layers of a model in order, with output shapes, trained parameters and multiply-adds. */
export function layerCosts(model: LayersModel): LayerCost[] {
  return model.layers.map((layer) => {
    const outputShape = (layer.outputShape as (number | null)[]).slice(1).map((size) => size ?? 0);
    const parameters = layer.trainableWeights.reduce((sum, { shape }) => sum + product(shape), 0);
    return {
      name: layer.name,
      kind: layer.getClassName(),
      outputShape,
      parameters,
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
