/** The smallest images that a network can be trained on, found from its layers. */
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type Architecture, type BuildOptions, withoutDrawing } from '../../archs/index.js';
import { withCountingBackend } from '../../backend/counting-backend.js';
import { UsageError } from '../../errors.js';

type Options = Pick<BuildOptions, 'channels' | 'auxiliary'>;

/**
 * The smallest size at which every layer has an output, but at least the product of the network's
 * strides: one that pads all its windows, as ResNet does, takes a single pixel too, and would
 * compute with padding alone.
 */
export function smallestSize(architecture: Architecture, options: Options): Promise<number> {
  return withCountingBackend('f32', () => {
    // From below, where a build ends at the first layer without an output.
    let [below, size] = [0, 1];
    let stride = strideAt(architecture, options, size);
    while (stride === undefined && size < architecture.size) {
      [below, size] = [size, Math.min(2 * size, architecture.size)];
      stride = strideAt(architecture, options, size);
    }
    while (size - below > 1) {
      const middle = Math.floor((below + size) / 2);
      const found = strideAt(architecture, options, middle);
      if (found === undefined) below = middle;
      else [size, stride] = [middle, found];
    }
    return Math.max(size, stride ?? 1);
  });
}

/** The total stride at a size; undefined where a layer has no output. */
function strideAt(architecture: Architecture, options: Options, size: number): number | undefined {
  try {
    const settings = { classes: 2, seed: 0, size, ...options };
    const model = withoutDrawing(() => architecture.build(settings));
    const stride = totalStride(model);
    model.dispose();
    return stride;
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** The product of the strides from the image to the logits, on the path where it is greatest. */
function totalStride(model: LayersModel): number {
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
  return Math.max(...model.outputs.map(strideOf));
}
