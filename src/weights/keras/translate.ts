/**
 * The weights of keras.applications as those of our networks. Keras's convolutions of ResNet have a
 * bias before the normalisation, which its mean takes in; its normalisations have another epsilon,
 * which the variance takes in; and the networks that it took from Caffe see blue before red.
 */
import { type Architecture, architectures } from '../../archs/index.js';
import { DataError } from '../../errors.js';
import { reverseAxes, type WeightPlace } from '../mapping.js';
import type { StoredTensor } from '../stored-tensor.js';
import type { WeightsFile } from '../weights-file.js';
import type { KerasLayers } from './hdf5.js';

/** The place of each kind of weight in its layer. */
export const PLACES: Readonly<Record<string, number>> = {
  kernel: 0,
  bias: 1,
  gamma: 0,
  beta: 1,
  moving_mean: 2,
  moving_variance: 3,
};

/** What Caffe's networks see: pixels from 0 to 255 less the means of ILSVRC. */
export const CAFFE_COLOURS = {
  mean: [123.68, 116.779, 103.939].map((value) => value / 255),
  std: [1 / 255, 1 / 255, 1 / 255],
};

/** Keras's epsilon less ours, and that of its first ResNet-50, which had other names. */
export const MORE_EPSILON = 1.001e-5 - 1e-5;
const FIRST_MORE_EPSILON = 1e-3 - 1e-5;

/** What the last layer was called in the files of other years. */
const HEADS = ['predictions', 'probs', 'fc1000'];

/** A file with the names and shapes that a network's weights have in files. */
export function inNamesOf(
  file: WeightsFile,
  places: readonly WeightPlace[],
  { keras, name: network }: Architecture,
): WeightsFile {
  const { keras: layers, path } = file;
  if (layers === undefined) return file;
  if (keras === undefined) {
    throw new DataError(
      `The weights ${path} are of Keras, which are read for ${kerasNetworks()}, not for ${network}`,
    );
  }
  const tensors = new Map<string, StoredTensor>();
  const used = new Set<string>();
  for (const [at, place] of places.entries()) {
    const [layer = '', kind = ''] = place.variable.originalName.split('/');
    const known = keras.layer(layer);
    const name = nameIn(layers, known);
    const weight = layers.get(name)?.[PLACES[kind] ?? -1];
    if (weight === undefined) continue;
    used.add(name);
    // A file that we wrote says how it sees colours, and does not turn them.
    const turned = at === 0 && keras.colours === 'BGR' && file.colours === undefined;
    const own = turned ? redFirst(weight) : adapted(kind, weight, normalised(layers, known));
    tensors.set(place.name, inOrderOf(place, own));
  }
  for (const [name, weights] of layers) {
    if (used.has(name)) continue;
    for (const [at, weight] of weights.entries()) tensors.set(`${name}/${at}`, weight);
  }
  return { ...file, tensors };
}

/** Those that keras.applications has. */
export function kerasNetworks(): string {
  const known = architectures.filter(({ keras }) => keras);
  return known.map(({ name }) => name).join(', ');
}

function nameIn(layers: KerasLayers, name = ''): string {
  if (name === HEADS[0]) return HEADS.find((head) => layers.has(head)) ?? name;
  const first = firstName(name);
  return !layers.has(name) && layers.has(first) ? first : name;
}

/** `conv3_block2_1_conv` as Keras's first ResNet-50 called it: `res3b_branch2a`. */
function firstName(name: string): string {
  if (name === 'conv1_conv') return 'conv1';
  if (name === 'conv1_bn') return 'bn_conv1';
  const parts = /^conv(\d)_block(\d)_(\d)_(conv|bn)$/.exec(name);
  if (parts === null) return name;
  const [, stage, block, place, kind] = parts;
  const branch = place === '0' ? '1' : `2${letter(place)}`;
  return `${kind === 'bn' ? 'bn' : 'res'}${stage}${letter(block)}_branch${branch}`;
}

/** `a` for 1. */
function letter(place: string | undefined): string {
  return String.fromCharCode(96 + Number(place));
}

/** What of Keras's normalisation a layer's statistics have to take in. */
interface Normalisation {
  /** Of the convolution before it. */
  readonly bias: StoredTensor | undefined;
  readonly moreEpsilon: number;
}

function normalised(layers: KerasLayers, norm = ''): Normalisation {
  const conv = norm.endsWith('_bn') ? norm.replace(/_bn$/, '_conv') : undefined;
  const isFirst = nameIn(layers, norm) !== norm;
  return {
    bias: conv === undefined ? undefined : layers.get(nameIn(layers, conv))?.[1],
    moreEpsilon: isFirst ? FIRST_MORE_EPSILON : MORE_EPSILON,
  };
}

/** Statistics after a convolution without its bias, and with our epsilon. */
function adapted(
  kind: string,
  weight: StoredTensor,
  { bias, moreEpsilon }: Normalisation,
): StoredTensor {
  if (kind === 'moving_variance') return changed(weight, (value) => value + moreEpsilon);
  if (kind !== 'moving_mean' || bias === undefined) return weight;
  return {
    ...weight,
    async read() {
      const offsets = await bias.read();
      return (await weight.read()).map((mean, channel) => mean - (offsets[channel] ?? 0));
    },
  };
}

/** A kernel (height, width, inputs, outputs) of images whose colours come in the other order. */
function redFirst(kernel: StoredTensor): StoredTensor {
  const [, , inputs = 1, outputs = 1] = kernel.shape;
  return changed(kernel, (_, at, values) => {
    const input = Math.floor(at / outputs) % inputs;
    return values[at + (inputs - 1 - 2 * input) * outputs] as number;
  });
}

function changed(
  tensor: StoredTensor,
  change: (value: number, at: number, values: Float32Array) => number,
): StoredTensor {
  return { ...tensor, read: async () => (await tensor.read()).map(change) };
}

/** A weight of tf.layers' order in that of the file's names. */
function inOrderOf({ order }: WeightPlace, { shape, read }: StoredTensor): StoredTensor {
  if (order === undefined) return { shape, read };
  const [inputs = 0, outputs = 0] = shape.slice(-2);
  return {
    shape: [outputs, inputs, ...shape.slice(0, -2)],
    read: async () => reverseAxes(await read(), order),
  };
}
