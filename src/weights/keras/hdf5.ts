/**
 * The HDF5 files of Keras: `model.save('x.h5')` and the weights of keras.applications, which list
 * layers and their weights in attributes, and `model.save_weights('x.weights.h5')` of Keras 3.
 */
import { resolve } from 'node:path';
import type { Dataset, Group } from 'h5wasm/node';
import { z } from 'zod';
import { DataError } from '../../errors.js';
import { type Contents, refuse, type StoredTensor, type WeightsSource } from '../stored-tensor.js';

/** The attribute of the files that we write, as JSON. */
export const KNOWN = 'cnn';

const colours = z.array(z.number()).min(1);
const knownSchema = z.object({
  mean: colours,
  std: colours,
  classes: z.array(z.string()).min(1).optional(),
});
export type KnownToFile = z.infer<typeof knownSchema>;

/** The first bytes of an HDF5 file. */
export const HDF5_MAGIC = Buffer.from('894844460d0a1a0a', 'hex');

/** ENOENT, O_CREAT and O_DIRECTORY in WebAssembly's numbers. */
const NO_ENTRY = 44;
const CREATE = 0o100;
const DIRECTORY = 0o200000;

/** The weights of each layer, in Keras's order: kernel and bias, or gamma, beta, mean, variance. */
export type KerasLayers = ReadonlyMap<string, readonly StoredTensor[]>;

/** Reads what the file says about its layers; their weights by name and number until they have a network. */
export async function readKerasFile(source: WeightsSource): Promise<Contents> {
  const { path } = source;
  // Loaded by those alone who have such a file: it takes 4 MB.
  const { File, ready } = await import('h5wasm/node');
  const hdf5 = await ready;
  // Without it HDF5 prints what is wrong.
  hdf5.activate_throwing_error_handler();
  const alone = <T>(use: () => T) => withoutOtherFiles(hdf5.FS as unknown as FileSystem, path, use);
  let file: InstanceType<typeof File> | undefined;
  try {
    const opened = alone(() => new File(path, 'r'));
    file = opened;
    const layers = alone(() => {
      return keras3Layers(opened, { path, alone }) ?? namedLayers(opened, { path, alone });
    });
    if (layers === undefined || layers.size === 0) {
      throw refuse(path, 'it is an HDF5 file without layers of Keras');
    }
    const entries = [...layers].flatMap(([layer, weights]) =>
      weights.map((weight, at) => [`${layer}/${at}`, weight] as const),
    );
    return {
      ...knownTo(opened, path),
      ...{ tensors: new Map(entries), keras: layers, close: () => opened.close() },
    };
  } catch (error) {
    file?.close();
    throw damaged(path, error);
  }
}

/** A file, and what calls a function that reads it and no other one. */
interface Reading {
  readonly path: string;
  readonly alone: <T>(use: () => T) => T;
}

/** What of WebAssembly's file system opens files. */
interface FileSystem {
  open: (name: string, flags: number, ...rest: unknown[]) => unknown;
  readonly ErrnoError: new (code: number) => unknown;
}

/**
 * Links, virtual datasets and external storage let an HDF5 file name other files of the machine,
 * which HDF5 would read. Here it finds none, and the file is refused.
 */
function withoutOtherFiles<T>(system: FileSystem, path: string, use: () => T): T {
  const { open } = system;
  let other: string | undefined;
  system.open = (name, flags, ...rest) => {
    // HDF5 makes a file for the text of its errors, and looks for a folder of filters.
    if (resolve(name) === resolve(path) || (flags & (CREATE | DIRECTORY)) !== 0) {
      return open.call(system, name, flags, ...rest);
    }
    other ??= name;
    throw new system.ErrnoError(NO_ENTRY);
  };
  let result: T;
  try {
    result = use();
  } catch (error) {
    throw other === undefined ? error : refuse(path, `it names another file, "${other}"`);
  } finally {
    system.open = open;
  }
  if (other !== undefined) throw refuse(path, `it names another file, "${other}"`);
  return result;
}

/** HDF5's own text is a stack of its C functions. */
function damaged(path: string, error: unknown): unknown {
  if (error instanceof DataError) return error;
  return refuse(path, 'its HDF5 form is damaged', { cause: error });
}

/** What a file that we wrote says of its network. */
function knownTo(file: Group, path: string): Pick<Contents, 'classes' | 'colours'> {
  const [text] = textsOf(file, KNOWN) ?? [];
  if (text === undefined) return {};
  try {
    const { mean, std, classes } = knownSchema.parse(JSON.parse(text));
    return { colours: { mean, std }, ...(classes && { classes }) };
  } catch (error) {
    throw refuse(path, `its attribute "${KNOWN}" is damaged`, { cause: error });
  }
}

/** The layers that attributes list. */
function namedLayers(file: Group, reading: Reading): KerasLayers | undefined {
  const root = file.keys().includes('model_weights') ? groupAt(file, 'model_weights') : file;
  const names = root && textsOf(root, 'layer_names');
  if (root === undefined || names === undefined) return undefined;
  const layers = names.map((name) => {
    const group = groupAt(root, name);
    const weights = group === undefined ? [] : (textsOf(group, 'weight_names') ?? []);
    const tensors = weights.map((weight) => storedTensor(group as Group, weight, reading));
    // `conv1/bn` in older files, `conv1_bn` today.
    return [name.replaceAll('/', '_'), tensors] as const;
  });
  return new Map(layers.filter(([, weights]) => weights.length > 0));
}

/** Groups by class and number, whose attribute has the name of the layer. */
function keras3Layers(file: Group, reading: Reading): KerasLayers | undefined {
  if (!file.keys().includes('layers')) return undefined;
  const root = groupAt(file, 'layers');
  const layers = new Map<string, readonly StoredTensor[]>();
  for (const key of root?.keys() ?? []) {
    const group = groupAt(root as Group, `${key}/vars`);
    const [name] = (group && textsOf(group, 'name')) ?? [];
    const weights = group?.keys() ?? [];
    if (group === undefined || name === undefined || weights.length === 0) continue;
    const order = weights.toSorted((a, b) => Number(a) - Number(b));
    layers.set(
      name,
      order.map((weight) => storedTensor(group, weight, reading)),
    );
  }
  return layers;
}

function groupAt(parent: Group, name: string): Group | undefined {
  const found = parent.get(name);
  return found !== null && 'keys' in found ? (found as Group) : undefined;
}

/** An empty list of texts is read as one empty text. */
function textsOf(group: Group, attribute: string): string[] | undefined {
  const value = group.attrs[attribute]?.value;
  if (value === undefined || value === null) return undefined;
  return [value].flat().map(String).filter(Boolean);
}

function storedTensor(group: Group, name: string, { path, alone }: Reading): StoredTensor {
  const dataset = group.get(name) as Dataset | null;
  if (dataset === null || !('dtype' in dataset) || dataset.dtype !== '<f') {
    throw new Error(`"${name}" is no array of float32`);
  }
  const read = async () => {
    try {
      // A copy: the memory of HDF5 is used again.
      return alone(() => Float32Array.from(dataset.value as Float32Array));
    } catch (error) {
      throw damaged(path, error);
    }
  };
  return { shape: dataset.shape ?? [], read };
}
