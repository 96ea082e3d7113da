/** Pickles with arrays of NumPy, which are not loaded: they are given by their places. */
import { type Dialect, unpickle } from '../../../pickle/unpickle.js';
import {
  type Global,
  List,
  LongString,
  type Made,
  PickleError,
  type Value,
} from '../../../pickle/values.js';
import type { ByteSource } from '../byte-source.js';

/** An array of NumPy. */
export class NumpyArray implements Made {
  readonly kind = 'array';
  stored: LongString | undefined;
  shape: readonly Value[] = [];
  /** `u1` is one of bytes. */
  type = '';
  /** The first index runs fastest. */
  fortran = false;
}

class NumberType implements Made {
  readonly kind = 'type of numbers';
  constructor(readonly type: string) {}
}

/** The value of a pickle; throws a PickleError. */
export function readNumpyPickle(source: ByteSource): Value {
  return unpickle(source, DIALECT).value;
}

function fill(
  array: NumpyArray,
  [bytes, type, shape, fortran]: readonly (Value | undefined)[],
): NumpyArray {
  array.stored = bytes instanceof LongString ? bytes : undefined;
  array.type = type instanceof NumberType ? type.type : '';
  array.shape = Array.isArray(shape) ? shape : [];
  array.fortran = fortran === true || fortran === 'F';
  return array;
}

/** How Python 3 writes bytes in protocol 2: as a text whose characters take one or two bytes. */
function encoded(text: Value | undefined): Value {
  if (!(text instanceof LongString)) return text ?? null;
  throw new PickleError('Python 3 stored its pixels as a text; pickle it again with protocol=4');
}

/** Of the older module; NumPy 2 has others. */
const CALLS: readonly (readonly [string, string, Global['call']?])[] = [
  ['numpy', 'ndarray'],
  ['numpy', 'dtype', ([name]) => new NumberType(String(name))],
  ['numpy.core.multiarray', '_reconstruct', () => new NumpyArray()],
  ['numpy.core.numeric', '_frombuffer', (args) => fill(new NumpyArray(), args)],
  ['_codecs', 'encode', ([text]) => encoded(text)],
];

const GLOBALS = new Map<string, Global>(
  CALLS.flatMap(([module, name, call]) => {
    const global = { name: `${module}.${name}`, ...(call && { call }) };
    const newer = module.replace(/^numpy\.core\b/, 'numpy._core');
    return [module, newer].map((each) => [`${each} ${name}`, global] as const);
  }),
);

const DIALECT: Dialect = {
  content: 'plain arrays',
  globals: GLOBALS,
  /** CIFAR-100 takes 160,000. */
  mostOperations: 2 ** 22,
  mostText: 1024,
  /** The state of a type says how wider numbers are stored. */
  build(made, state) {
    if (made instanceof NumberType) return;
    if (!(made instanceof NumpyArray) || !Array.isArray(state)) {
      throw new PickleError('it holds something that is no plain array');
    }
    const [, shape, type, fortran, bytes] = state;
    fill(made, [bytes, type, shape, fortran]);
  },
};

/** The items of a tuple or a list. */
export function itemsOf(value: Value | undefined): readonly Value[] | undefined {
  if (value instanceof List) return value.items;
  return Array.isArray(value) ? value : undefined;
}
