/**
 * The HDF5 files of Keras: `model.save('x.h5')` and the weights of keras.applications, which list
 * layers and their weights in attributes, and `model.save_weights('x.weights.h5')` of Keras 3.
 */
import type { Dataset, Group } from 'h5wasm/node';
import { DataError } from '../../errors.js';
import { type Contents, refuse, type StoredTensor, type WeightsSource } from '../stored-tensor.js';

/** The first bytes of an HDF5 file. */
export const HDF5_MAGIC = Buffer.from('894844460d0a1a0a', 'hex');

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
  let file: InstanceType<typeof File> | undefined;
  try {
    const opened = new File(path, 'r');
    file = opened;
    const layers = keras3Layers(opened, path) ?? namedLayers(opened, path);
    if (layers === undefined || layers.size === 0) {
      throw refuse(path, 'it is an HDF5 file without layers of Keras');
    }
    const entries = [...layers].flatMap(([layer, weights]) =>
      weights.map((weight, at) => [`${layer}/${at}`, weight] as const),
    );
    return { tensors: new Map(entries), keras: layers, close: () => opened.close() };
  } catch (error) {
    file?.close();
    throw damaged(path, error);
  }
}

/** HDF5's own text is a stack of its C functions. */
function damaged(path: string, error: unknown): unknown {
  if (error instanceof DataError) return error;
  return refuse(path, 'its HDF5 form is damaged', { cause: error });
}

/** The layers that attributes list. */
function namedLayers(file: Group, path: string): KerasLayers | undefined {
  const root = file.keys().includes('model_weights') ? groupAt(file, 'model_weights') : file;
  const names = root && textsOf(root, 'layer_names');
  if (root === undefined || names === undefined) return undefined;
  const layers = names.map((name) => {
    const group = groupAt(root, name);
    const weights = group === undefined ? [] : (textsOf(group, 'weight_names') ?? []);
    const tensors = weights.map((weight) => storedTensor(group as Group, weight, path));
    // `conv1/bn` in older files, `conv1_bn` today.
    return [name.replaceAll('/', '_'), tensors] as const;
  });
  return new Map(layers.filter(([, weights]) => weights.length > 0));
}

/** Groups by class and number, whose attribute has the name of the layer. */
function keras3Layers(file: Group, path: string): KerasLayers | undefined {
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
      order.map((weight) => storedTensor(group, weight, path)),
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

function storedTensor(group: Group, name: string, path: string): StoredTensor {
  const dataset = group.get(name) as Dataset | null;
  if (dataset === null || !('dtype' in dataset) || dataset.dtype !== '<f') {
    throw new Error(`"${name}" is no array of float32`);
  }
  const read = async () => {
    try {
      // A copy: the memory of HDF5 is used again.
      return Float32Array.from(dataset.value as Float32Array);
    } catch (error) {
      throw damaged(path, error);
    }
  };
  return { shape: dataset.shape ?? [], read };
}
