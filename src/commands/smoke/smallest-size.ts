/** The smallest images that a network can be trained on, found from its layers. */
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type Architecture, type BuildOptions, withUndrawn } from '../../archs/index.js';
import { withCountingBackend } from '../../backend/counting-backend.js';
import { UsageError } from '../../errors.js';

type Options = Pick<BuildOptions, 'channels' | 'auxiliary'>;

/**
 * The smallest size at which every layer has an output, but at least the product of the network's
 * strides: one that pads all its windows, as ResNet does, takes a single pixel too, and would
 * compute with padding alone. Batch normalisation gets maps of 2×2 pixels at least: of single ones
 * it sees as few values as there are images, and its gradients are hardly more than rounding.
 */
export function smallestSize(architecture: Architecture, options: Options): Promise<number> {
  return withCountingBackend('f32', () => {
    // From below, where a build ends at the first layer without an output.
    let [below, size] = [0, 1];
    let least = leastSizeAt(architecture, options, size);
    while (least === undefined && size < architecture.size) {
      [below, size] = [size, Math.min(2 * size, architecture.size)];
      least = leastSizeAt(architecture, options, size);
    }
    while (size - below > 1) {
      const middle = Math.floor((below + size) / 2);
      const found = leastSizeAt(architecture, options, middle);
      if (found === undefined) below = middle;
      else [size, least] = [middle, found];
    }
    return Math.max(size, least ?? 1);
  });
}

/** What the strides of a network ask of its images; undefined where a layer has no output. */
function leastSizeAt(
  architecture: Architecture,
  options: Options,
  size: number,
): number | undefined {
  try {
    return withUndrawn(architecture, { classes: 2, size, ...options }, leastSize);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** From the product of the strides up to each layer, on the path where it is greatest. */
function leastSize({ layers }: LayersModel): number {
  const strides = new Map<number, number>();
  const strideOf = (tensor: SymbolicTensor): number => {
    const known = strides.get(tensor.id);
    if (known !== undefined) return known;
    const { strides: own } = tensor.sourceLayer.getConfig();
    const stride = Array.isArray(own) ? Number(own[0]) : 1;
    const total = stride * Math.max(1, ...tensor.inputs.map(strideOf));
    strides.set(tensor.id, total);
    return total;
  };
  const sizes = layers.map((layer) => {
    const side = layer.getClassName() === 'BatchNormalization' ? 2 : 1;
    return side * Math.max(...[layer.output].flat().map(strideOf));
  });
  return Math.max(...sizes);
}
