/** The pickles of CIFAR's Python version. */
import { DataError } from '../../../errors.js';
import { Dict, type LongString, type Value } from '../../../pickle/values.js';
import { keptCopy } from '../../unpacked.js';
import type { ByteSource } from '../byte-source.js';
import { type ContainerFile, fileFromCopy } from './container-file.js';
import { itemsOf, NumpyArray, readNumpyPickle } from './numpy-pickle.js';

/** The images of a batch: where they are, and their labels. */
interface Batch {
  readonly file: ContainerFile;
  /** Of the first image, from the start of the file. */
  readonly first: number;
  readonly labels: readonly number[];
}

/** The class names of a file of names. */
export async function readNames(file: ContainerFile, key: string): Promise<readonly string[]> {
  return file.open((source) => {
    const names = itemsOf(dictIn(file, source).entries.get(key));
    if (isArrayOf(names, 'string')) return names;
    throw damaged(file, `it has no list of "${key}"`);
  });
}

/** The rows of "data" with the labels of a key. */
export async function readBatch(
  file: ContainerFile,
  labelsKey: string,
  rowBytes: number,
): Promise<Batch> {
  return file.open(async (source) => {
    const { entries } = dictIn(file, source);
    const labels = itemsOf(entries.get(labelsKey));
    if (!isArrayOf(labels, 'number')) throw damaged(file, `it has no list of "${labelsKey}"`);
    const data = entries.get('data');
    if (!(data instanceof NumpyArray)) throw damaged(file, 'its "data" is no array');
    const { stored, shape, type, fortran } = data;
    const [rows, columns, ...more] = shape;
    const bytes = labels.length * rowBytes;
    if (type !== 'u1' && type !== '|u1') throw damaged(file, 'its "data" is no array of bytes');
    if (
      rows !== labels.length ||
      columns !== rowBytes ||
      more.length > 0 ||
      stored?.length !== bytes
    ) {
      throw damaged(
        file,
        `its "data" is of (${shape.join(', ')}), but ${labels.length} labels need (${labels.length}, ${rowBytes})`,
      );
    }
    if (!fortran) return { file, first: stored.offset - source.start, labels };
    const copy = await keptCopy(file.place.path, `${file.name}.rows`, () =>
      rowMajor(source, stored, rowBytes),
    );
    return { file: fileFromCopy(file, copy), first: 0, labels };
  });
}

function dictIn(file: ContainerFile, source: ByteSource): Dict {
  let value: Value;
  try {
    value = readNumpyPickle(source);
  } catch (cause) {
    throw damaged(file, (cause as Error).message, cause);
  }
  if (value instanceof Dict) return value;
  throw damaged(file, 'it holds no dict');
}

/** An array whose columns are stored one after the other, row by row. */
async function* rowMajor(
  source: ByteSource,
  { offset, length }: LongString,
  rowBytes: number,
): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(source.read(offset, length));
  const rows = length / rowBytes;
  for (let row = 0; row < rows; row++) {
    yield Uint8Array.from(
      { length: rowBytes },
      (_, column) => bytes[column * rows + row] as number,
    );
  }
}

function isArrayOf<T extends 'string' | 'number'>(
  values: readonly Value[] | undefined,
  type: T,
): values is readonly (T extends 'string' ? string : number)[] {
  return values?.every((entry) => typeof entry === type) ?? false;
}

function damaged(file: ContainerFile, reason: string, cause?: unknown): DataError {
  return new DataError(
    `${file.path} is not a pickle of CIFAR: ${reason}. Compare its size and checksum with the original.`,
    { cause },
  );
}
