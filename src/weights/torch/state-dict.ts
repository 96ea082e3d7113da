/** The tensors of a state_dict that torch.save pickled: the place of each, without its numbers. */
import type { NumberType } from './number-types.js';
import {
  Dict,
  describeValue,
  type Global,
  type Made,
  PickleError,
  unpickle,
  type Value,
} from './pickle.js';
import { elements } from './stored-tensor.js';

const MAX_RANK = 8;

/** A file of numbers in the archive. */
interface Storage extends Made {
  readonly kind: 'storage';
  readonly type: NumberType;
  /** Its name below `data/`. */
  readonly key: string;
  /** Numbers in it. */
  readonly count: number;
}

/** A view of a storage, in numbers and not in bytes; every element is inside it. */
export interface TorchTensor extends Made {
  readonly kind: 'tensor';
  readonly storage: Storage;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  /** From the first element to the end of the last one. */
  readonly extent: number;
  readonly contiguous: boolean;
}

const STORAGE_TYPES: Readonly<Record<string, NumberType>> = {
  'torch FloatStorage': 'f32',
  'torch HalfStorage': 'f16',
  'torch BFloat16Storage': 'bf16',
  'torch DoubleStorage': 'f64',
  'torch LongStorage': 'i64',
};

const storageGlobals = new Map<Value, NumberType>();
const GLOBALS = new Map<string, Global>([
  ['collections OrderedDict', { name: 'OrderedDict', call: orderedDict }],
  ['torch._utils _rebuild_tensor_v2', { name: '_rebuild_tensor_v2', call: rebuildTensor }],
  [
    'torch._utils _rebuild_parameter',
    { name: '_rebuild_parameter', call: ([data]) => data ?? null },
  ],
]);
for (const [name, type] of Object.entries(STORAGE_TYPES)) {
  const global = { name };
  GLOBALS.set(name, global);
  storageGlobals.set(global, type);
}

/** Keys under which training scripts save the state_dict. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model', 'net', 'network', 'weights', 'params'];

/** The tensors of a pickled state_dict by name; throws a PickleError where it is none. */
export function stateDictOf(pickle: Uint8Array): Map<string, TorchTensor> {
  const root = unpickle(pickle, { globals: GLOBALS, persistent: storageOf });
  if (!(root instanceof Dict)) {
    throw new PickleError(`expected a state_dict but it holds ${describeValue(root)}`);
  }
  const wrapped = WRAPPERS.map((key) => root.entries.get(key)).find(
    (value) => value instanceof Dict,
  );
  const tensors = new Map<string, TorchTensor>();
  for (const [key, value] of (wrapped ?? root).entries) {
    if (typeof key !== 'string' || !isMade(value, 'tensor')) {
      const name = typeof key === 'string' ? JSON.stringify(key) : describeValue(key);
      throw new PickleError(
        `expected a state_dict, a dict of names and tensors, but ${name} is ${describeValue(value)}`,
      );
    }
    tensors.set(key, value as TorchTensor);
  }
  return tensors;
}

function orderedDict(args: readonly Value[]): Value {
  if (args.length === 0) return new Dict();
  throw new PickleError('an OrderedDict is made from arguments');
}

/** ('storage', type, key, location, number of elements); the location is ignored. */
function storageOf(id: Value): Value {
  const [word, global, key, , count] = Array.isArray(id) ? id : [];
  const type = storageGlobals.get(global ?? null);
  if (word !== 'storage' || type === undefined || typeof key !== 'string' || !isCount(count)) {
    throw new PickleError('a storage is not described as torch.save does it');
  }
  const storage: Storage = { kind: 'storage', type, key, count };
  return storage;
}

/** torch._utils._rebuild_tensor_v2(storage, offset, size, stride, …). */
function rebuildTensor([storage, offset, shape, strides]: readonly Value[]): Value {
  if (!isMade(storage, 'storage') || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) {
    throw new PickleError('a tensor is not described as torch.save does it');
  }
  if (shape.length !== strides.length || shape.length > MAX_RANK) {
    throw new PickleError(`a tensor has ${shape.length} axes and ${strides.length} strides`);
  }
  const { count } = storage as Storage;
  const extent = elements(shape) === 0 ? 0 : 1 + lastPlace(shape, strides);
  // More elements than numbers would be a small file that becomes large in memory.
  if (offset + extent > count || elements(shape) > count) {
    throw new PickleError(
      `a tensor of (${shape.join(', ')}), strides (${strides.join(', ')}), from ${offset} on does ` +
        `not fit its storage of ${count} numbers`,
    );
  }
  const tensor: TorchTensor = {
    kind: 'tensor',
    storage: storage as Storage,
    shape,
    strides,
    offset,
    extent,
    contiguous: extent === elements(shape) && isRowMajor(shape, strides),
  };
  return tensor;
}

function lastPlace(shape: readonly number[], strides: readonly number[]): number {
  return shape.reduce((sum, length, axis) => sum + (length - 1) * (strides[axis] as number), 0);
}

/** The stride of an axis of length 1 says nothing. */
function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis] as number;
    if (length !== 1 && strides[axis] !== expected) return false;
    expected *= length;
  }
  return true;
}

function isCount(value: Value | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: Value | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every(isCount);
}

function isMade(value: Value | undefined, kind: Made['kind']): value is Made {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}
