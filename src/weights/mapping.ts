/**
 * Which tensor of a weights file is which weight of a model. Networks that torchvision has too use
 * its names and orders; all others use ours: `layer/kernel` in the order of tf.layers.
 */
import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Architecture } from '../archs/index.js';
import { elements } from './stored-tensor.js';

type LayerVariable = layers.Layer['weights'][number];

/** A weight of a model and the tensor of a file with the same numbers. */
export interface WeightPlace {
  /** Name and shape in the file. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly variable: LayerVariable;
  /**
   * The kernel of the model is (positions, inputs, outputs) where the file has (outputs, inputs,
   * positions); absent where both have one order.
   */
  readonly order?: readonly [positions: number, inputs: number, outputs: number];
  /** The axis in the file that counts the classes; absent in all layers but the last ones. */
  readonly classAxis?: number;
}

type Naming = (layer: string) => string | undefined;

/** The weights of a model in the order of its layers, with their places in a file. */
export function placesOf(model: LayersModel, { torchvision }: Architecture): WeightPlace[] {
  const heads = new Set(model.outputs.map(lastWithWeights));
  return model.layers.flatMap((layer) => {
    const head = heads.has(layer);
    return layer.weights.map((variable) =>
      torchvision === undefined
        ? ownPlace(variable, head)
        : torchvisionPlace(variable, layer, torchvision, head),
    );
  });
}

function ownPlace(variable: LayerVariable, head: boolean): WeightPlace {
  const shape = shapeOf(variable);
  const slot = { name: variable.originalName, shape, variable };
  return head ? { ...slot, classAxis: shape.length - 1 } : slot;
}

/** By the end of our name. */
const TORCH_NAMES: ReadonlyMap<string, string> = new Map([
  ['kernel', 'weight'],
  ['bias', 'bias'],
  ['gamma', 'weight'],
  ['beta', 'bias'],
  ['moving_mean', 'running_mean'],
  ['moving_variance', 'running_var'],
]);

function torchvisionPlace(
  variable: LayerVariable,
  layer: layers.Layer,
  torchvision: Naming,
  head: boolean,
): WeightPlace {
  const module = torchvision(layer.name);
  const kind = variable.originalName.split('/').at(-1) ?? '';
  const torchKind = TORCH_NAMES.get(kind);
  if (module === undefined || torchKind === undefined) {
    throw new Error(`No name of torchvision for the weight ${variable.originalName}`);
  }
  const name = `${module}.${torchKind}`;
  const own = shapeOf(variable);
  const rest = { name, variable, ...(head ? { classAxis: 0 } : {}) };
  if (kind !== 'kernel') return { ...rest, shape: own };
  const [inputs = 1, outputs = 1] = own.slice(-2);
  if (own.length === 4) {
    const [height = 1, width = 1] = own;
    const order = [height * width, inputs, outputs] as const;
    return { ...rest, shape: [outputs, inputs, height, width], order };
  }
  const positions = flattenedPositions(layer);
  const order = [positions, inputs / positions, outputs] as const;
  return { ...rest, shape: [outputs, inputs], order };
}

/**
 * The positions of the image that was flattened for a dense layer, 1 where there was none: ours
 * counts the channels of each position, torchvision's the positions of each channel.
 */
function flattenedPositions(layer: layers.Layer): number {
  let [x] = [layer.input].flat() as SymbolicTensor[];
  while (x !== undefined) {
    const source = x.sourceLayer;
    if (source.getClassName() === 'Flatten') {
      const shape = x.inputs[0]?.shape ?? [];
      return elements(shape.slice(1, -1).map((length) => length ?? 1));
    }
    if (!['Dropout', 'Activation'].includes(source.getClassName())) return 1;
    [x] = x.inputs;
  }
  return 1;
}

/** The layer that makes the logits: the last one with weights on the way to an output. */
export function lastWithWeights(output: SymbolicTensor): layers.Layer {
  let x = output;
  while (x.sourceLayer.weights.length === 0) {
    const [before] = x.inputs;
    if (before === undefined) break;
    x = before;
  }
  return x.sourceLayer;
}

function shapeOf({ shape }: LayerVariable): number[] {
  return shape.map((length) => length ?? 0);
}

/** (a, b, c) as (c, b, a): from the order of the model to that of the file, or back. */
export function reverseAxes(
  values: Float32Array,
  [a, b, c]: readonly [number, number, number],
): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  // The middle index first: what the inner loops touch then fits the cache.
  for (let j = 0; j < b; j++) {
    for (let i = 0; i < a; i++) {
      let from = (i * b + j) * c;
      for (let to = j * a + i; to < result.length; to += a * b) {
        result[to] = values[from++] as number;
      }
    }
  }
  return result;
}
