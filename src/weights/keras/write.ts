/**
 * A file that Keras 3 reads by `load_weights('x.weights.h5')` into the network of keras.applications:
 * groups by class and number in Keras's order of layers, and the weights of each by number.
 */
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Group } from 'h5wasm/node';
import type { Architecture } from '../../archs/index.js';
import type { Colours } from '../../colours.js';
import { syncDirectory, syncFile, temporaryName } from '../../system/files.js';
import { KNOWN, type KnownToFile } from './hdf5.js';
import { MORE_EPSILON, PLACES } from './translate.js';

type Variable = LayersModel['weights'][number];

/** A layer of Keras with weights. */
interface KerasLayer {
  readonly name: string;
  /** Its class as groups are named. */
  readonly kind: 'conv2d' | 'dense' | 'batch_normalization';
  readonly weights: readonly Weight[];
}

interface Weight {
  readonly shape: readonly number[];
  read(): Promise<Float32Array>;
}

/** Writes the weights of a network that keras.applications has, with what is known of it. */
export async function writeKerasWeights(
  path: string,
  model: LayersModel,
  architecture: Architecture,
  known: Colours & { readonly classes?: readonly string[] | undefined },
): Promise<void> {
  // Loaded by those alone who write such a file: it takes 4 MB.
  const { File, ready } = await import('h5wasm/node');
  await ready;
  const partial = temporaryName(path);
  try {
    const file = new File(partial, 'w');
    try {
      const { mean, std, classes } = known;
      const colours = { mean: [...mean], std: [...std] };
      const told: KnownToFile = { ...colours, ...(classes && { classes: [...classes] }) };
      file.create_attribute(KNOWN, JSON.stringify(told));
      file.create_group('vars');
      await writeLayers(file.create_group('layers') as Group, kerasLayers(model, architecture));
    } finally {
      file.close();
    }
    await syncFile(partial);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

async function writeLayers(root: Group, layers: readonly KerasLayer[]): Promise<void> {
  const counts = new Map<string, number>();
  for (const { name, kind, weights } of layers) {
    const before = counts.get(kind) ?? 0;
    counts.set(kind, before + 1);
    const group = root.create_group(before === 0 ? kind : `${kind}_${before}`) as Group;
    const vars = group.create_group('vars') as Group;
    vars.create_attribute('name', name);
    for (const [at, { shape, read }] of weights.entries()) {
      vars.create_dataset({ name: String(at), data: await read(), shape: [...shape] });
    }
  }
}

function kerasLayers({ layers }: LayersModel, { keras }: Architecture): KerasLayer[] {
  const known = layers.flatMap((layer): KerasLayer[] => {
    const name = keras?.layer(layer.name);
    const { weights } = layer;
    if (name === undefined || weights.length === 0) return [];
    const own = weights.toSorted((a, b) => placeOf(a) - placeOf(b)).map(weightOf);
    const isNorm = weights.some((weight) => kindOf(weight) === 'gamma');
    const [{ shape } = { shape: [] }] = own;
    const kind = isNorm ? 'batch_normalization' : shape.length === 4 ? 'conv2d' : 'dense';
    const lacksBias = kind === 'conv2d' && keras?.biases === true && own.length === 1;
    return [{ name, kind, weights: lacksBias ? [...own, zeroBias(shape)] : own }];
  });
  return inOrder(known);
}

/** Keras lists layers by the steps to the output: a shortcut's before the last ones of its block. */
function inOrder(layers: readonly KerasLayer[]): KerasLayer[] {
  const shortcutOf = ({ name }: KerasLayer) => {
    return /^conv\d_block\d+_3_/.test(name) ? name.replace('_3_', '_0_') : undefined;
  };
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const moved = new Set(layers.map((layer) => byName.get(shortcutOf(layer) ?? '')));
  const others = layers.filter((layer) => !moved.has(layer));
  return others.flatMap((layer) => {
    const shortcut = byName.get(shortcutOf(layer) ?? '');
    return shortcut === undefined ? [layer] : [shortcut, layer];
  });
}

function weightOf(variable: Variable): Weight {
  const shape = variable.shape.map((length) => length ?? 0);
  const read = () => variable.read().data<'float32'>();
  if (kindOf(variable) !== 'moving_variance') return { shape, read };
  // A variance that the difference makes negative is as good as none.
  const without = (value: number) => Math.max(0, value - MORE_EPSILON);
  return { shape, read: async () => Float32Array.from(await read(), without) };
}

/** Of a kernel. */
function zeroBias(shape: readonly number[]): Weight {
  const units = shape.at(-1) ?? 0;
  return { shape: [units], read: async () => new Float32Array(units) };
}

function placeOf(variable: Variable): number {
  return PLACES[kindOf(variable)] ?? 0;
}

/** `kernel` of `conv1/kernel`. */
function kindOf({ originalName }: Variable): string {
  return originalName.split('/').at(-1) ?? '';
}
