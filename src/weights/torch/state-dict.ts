/** The tensors of a state_dict that torch.save pickled: the place of each, without its numbers. */

import {
  Dict,
  describeValue,
  type Global,
  List,
  type Made,
  PickleError,
  type Value,
} from '../../pickle/values.js';
import type { NumberType } from '../number-types.js';
import { elements } from '../stored-tensor.js';
import { readTorchPickle } from './torch-pickle.js';

const MAX_RANK = 8;

/** Numbers that tensors share, in a place of their own in the file. */
export interface Storage extends Made {
  readonly kind: 'storage';
  readonly type: NumberType;
  /** By which the file knows its place. */
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
  // Before PyTorch 0.4.
  ['torch._utils _rebuild_tensor', { name: '_rebuild_tensor', call: rebuildTensor }],
  [
    'torch._utils _rebuild_parameter',
    { name: '_rebuild_parameter', call: ([data]) => data ?? null },
  ],
  ['torch.nn.parameter Parameter', { name: 'Parameter', call: ([data]) => data ?? null }],
]);
for (const [name, type] of Object.entries(STORAGE_TYPES)) {
  const global = { name };
  GLOBALS.set(name, global);
  storageGlobals.set(global, type);
}

/** Keys under which training scripts save the state_dict. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model', 'net', 'network', 'weights', 'params'];

export interface StateDict {
  /** By name. */
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  /** By key: those of other tensors in the pickle too. */
  readonly storages: ReadonlyMap<string, Storage>;
  /** Where the pickle ends. */
  readonly end: number;
}

/** A pickled state_dict that begins at a position; throws a PickleError where it is none. */
export function stateDictOf(bytes: Uint8Array, position = 0): StateDict {
  const storages = new Map<string, Storage>();
  const persistent = (id: Value) => knownStorage(storages, storageOf(id));
  const { value: root, end } = readTorchPickle(bytes, position, {
    globals: GLOBALS,
    persistent,
  });
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
  return { tensors, storages, end };
}

/** The same object for each mention of a storage. */
function knownStorage(storages: Map<string, Storage>, storage: Storage): Storage {
  const known = storages.get(storage.key) ?? storage;
  if (known.type !== storage.type || known.count !== storage.count) {
    throw new PickleError(`the storage ${storage.key} is described in two ways`);
  }
  storages.set(storage.key, known);
  return known;
}

/** Empty, or of the list of pairs that Python 2 pickles. */
function orderedDict([pairs, ...others]: readonly Value[]): Value {
  const dict = new Dict();
  if (pairs === undefined) return dict;
  const items = pairs instanceof List && others.length === 0 ? pairs.items : [null];
  for (const pair of items) {
    if (!(pair instanceof List) || pair.items.length !== 2) {
      throw new PickleError('an OrderedDict is made from arguments');
    }
    const [key, value] = pair.items as [Value, Value];
    dict.entries.set(key, value);
  }
  return dict;
}

/**
 * ('storage', type, key, location, number of elements), and before PyTorch 1.6 None, or of what it is
 * a part; the location is ignored.
 */
function storageOf(id: Value): Storage {
  const [word, global, key, , count, whole = null] = Array.isArray(id) ? id : [];
  const type = storageGlobals.get(global ?? null);
  if (word !== 'storage' || type === undefined || typeof key !== 'string' || !isCount(count)) {
    throw new PickleError('a storage is not described as torch.save does it');
  }
  if (whole !== null) throw new PickleError('a storage is a part of another one');
  return { kind: 'storage', type, key, count };
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
