/**
 * The files of torch.save before PyTorch 1.6: five pickles (a magic number, a version, the machine, the
 * state_dict, the keys of its storages) and the numbers of each storage after their count.
 */
import { Dict, List, PickleError, type Value } from '../../pickle/values.js';
import { NUMBER_BYTES, roomFor, toFloat32 } from '../number-types.js';
import {
  type Contents,
  readBytes,
  refuse,
  type StoredTensor,
  type WeightsSource,
} from '../stored-tensor.js';
import { type StateDict, stateDictOf, type TorchTensor } from './state-dict.js';
import { inRowMajorOrder } from './strided.js';
import { CONVERT, MAX_PICKLE_BYTES, readTorchPickle } from './torch-pickle.js';

/** The first pickle: a number of ten bytes. */
export const LEGACY_MAGIC = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');

const VERSION = 1001;
/** Before the numbers of a storage. */
const COUNT_BYTES = 8;

/** Reads what the file says about its tensors; executes nothing that it holds. */
export async function readLegacyFile(source: WeightsSource): Promise<Contents> {
  const bytes = Buffer.alloc(Math.min(source.size, MAX_PICKLE_BYTES));
  await readBytes(source, 0, bytes);
  try {
    const found = readPickles(bytes);
    const starts = await startsOf(found, source);
    const tensors = [...found.tensors].map(([name, tensor]) => {
      const start = starts.get(tensor.storage.key);
      if (start !== undefined) return [name, storedTensor(source, start, tensor)] as const;
      throw new PickleError(`the numbers of "${name}" are missing`);
    });
    return { tensors: new Map(tensors) };
  } catch (error) {
    if (error instanceof PickleError) throw refuse(source.path, `${error.message}; ${CONVERT}`);
    throw error;
  }
}

interface Pickles extends Pick<StateDict, 'tensors' | 'storages'> {
  /** Of all storages, in the order of the file. */
  readonly keys: readonly Value[];
  /** Where the first storage begins. */
  readonly end: number;
}

function readPickles(bytes: Buffer): Pickles {
  const plain = { globals: new Map(), persistent: refusePersistent };
  const version = readTorchPickle(bytes, LEGACY_MAGIC.length, plain);
  if (version.value !== VERSION) {
    throw new PickleError(`its version is ${version.value}, expected ${VERSION}`);
  }
  const machine = readTorchPickle(bytes, version.end, plain);
  if (!(machine.value instanceof Dict) || machine.value.entries.get('little_endian') !== true) {
    throw new PickleError('its byte order is not said to be little-endian');
  }
  const { tensors, storages, end } = stateDictOf(bytes, machine.end);
  const keys = readTorchPickle(bytes, end, plain);
  if (!(keys.value instanceof List)) throw new PickleError('it does not list its storages');
  return { tensors, storages, keys: keys.value.items, end: keys.end };
}

function refusePersistent(): Value {
  throw new PickleError('a storage is described outside the state_dict');
}

/** Where the numbers of each storage begin, by its key. */
async function startsOf(
  { storages, keys, end }: Pickles,
  source: WeightsSource,
): Promise<Map<string, number>> {
  const starts = new Map<string, number>();
  let position = end;
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (storage === undefined || starts.has(storage.key)) {
      throw new PickleError('it lists a storage that no tensor has, or one twice');
    }
    const count = Buffer.alloc(COUNT_BYTES);
    await readBytes(source, position, count);
    if (count.readBigInt64LE() !== BigInt(storage.count)) {
      throw new PickleError(
        `storage ${storage.key} has ${count.readBigInt64LE()} numbers where ${storage.count} are described`,
      );
    }
    starts.set(storage.key, position + COUNT_BYTES);
    position += COUNT_BYTES + storage.count * NUMBER_BYTES[storage.type];
    if (position > source.size) {
      throw refuse(
        source.path,
        `it is cut short: it has ${source.size} bytes of ${position} at least`,
      );
    }
  }
  return starts;
}

function storedTensor(source: WeightsSource, start: number, tensor: TorchTensor): StoredTensor {
  const { storage, offset, extent, shape } = tensor;
  const read = async () => {
    const room = roomFor(storage.type, extent);
    await readBytes(source, start + offset * NUMBER_BYTES[storage.type], room);
    return inRowMajorOrder(toFloat32(storage.type, room), tensor);
  };
  return { shape, read };
}
