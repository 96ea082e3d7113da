/** Small datasets in files of many images. */
import { gzipSync } from 'node:zlib';
import { random } from '../../../../src/rng.js';
import type { Tree } from '../tars.js';

export const TEN = [
  ...['airplane', 'automobile', 'bird', 'cat', 'deer'],
  ...['dog', 'frog', 'horse', 'ship', 'truck'],
];
const BATCHES = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}`);
export const IMAGE_BYTES = 3072;

/** Bytes without a pattern, different for each seed. */
export function noise(bytes: number, seed: number): Buffer {
  const draw = random(seed, 'subset');
  return Buffer.from(Uint8Array.from({ length: bytes }, () => draw.below(256)));
}

/** The pixels of CIFAR's image `index` of a batch, plane after plane. */
export function planes(batch: number, index: number): Buffer {
  return noise(IMAGE_BYTES, 100 * batch + index);
}

/** The same as (H, W, C). */
export function interleaved(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((_, at) => bytes[(at % 3) * 1024 + Math.floor(at / 3)] as number));
}

/** The label of image `index` of a batch. */
export const labelOf = (batch: number, index: number) => (3 * batch + index) % 10;

/** CIFAR-10's binary version with so many images in each file. */
export function binaryCifar(images: number): Tree {
  const file = (batch: number) =>
    Buffer.concat(
      Array.from({ length: images }, (_, index) =>
        Buffer.concat([Buffer.of(labelOf(batch, index)), planes(batch, index)]),
      ),
    );
  const files = [...BATCHES, 'test_batch'].map((name, at) => [`${name}.bin`, file(at + 1)]);
  return { ...Object.fromEntries(files), 'batches.meta.txt': `${TEN.join('\n')}\n\n` };
}

/** Its Python version, as Python 2 pickled it. */
export function pythonCifar(images: number): Tree {
  const file = (batch: number) => {
    const indices = Array.from({ length: images }, (_, index) => index);
    return pickled([
      ['batch_label', string(`batch ${batch}`)],
      ['labels', listOf(indices.map((index) => Buffer.of(0x4b, labelOf(batch, index))))],
      ['data', array(images, Buffer.concat(indices.map((index) => planes(batch, index))))],
    ]);
  };
  const files = [...BATCHES, 'test_batch'].map((name, at) => [name, file(at + 1)]);
  const meta = pickled([['label_names', listOf(TEN.map(string))]]);
  return { ...Object.fromEntries(files), 'batches.meta': meta };
}

/** A dict in protocol 2. */
export function pickled(entries: readonly (readonly [string, Buffer])[]): Buffer {
  const items = entries.flatMap(([key, value]) => [string(key), value]);
  return Buffer.concat([Buffer.from([0x80, 2, 0x7d, 0x28]), ...items, Buffer.from('u.')]);
}

export function string(text: string): Buffer {
  return Buffer.concat([Buffer.of(0x55, text.length), Buffer.from(text)]);
}

function listOf(values: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(']('), ...values, Buffer.from('e')]);
}

const int32 = (value: number) => {
  const bytes = Buffer.of(0x4a, 0, 0, 0, 0);
  bytes.writeInt32LE(value, 1);
  return bytes;
};

/** A NumPy array of (rows, 3072) bytes. */
function array(rows: number, bytes: Buffer): Buffer {
  const length = Buffer.of(0x54, 0, 0, 0, 0);
  length.writeInt32LE(bytes.length, 1);
  const shape = Buffer.concat([int32(rows), int32(IMAGE_BYTES), Buffer.of(0x86)]);
  return Buffer.concat([
    Buffer.from('cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n'),
    Buffer.concat([Buffer.of(0x4b, 0, 0x85), string('b'), Buffer.from('tR(')]),
    Buffer.concat([Buffer.of(0x4b, 1), shape, Buffer.from('cnumpy\ndtype\n('), string('u1')]),
    Buffer.from([0x4b, 0, 0x4b, 1, 0x74, 0x52]),
    Buffer.concat([Buffer.of(0x28, 0x4b, 3), string('|'), Buffer.from('NNN')]),
    Buffer.concat([int32(-1), int32(-1), Buffer.of(0x4b, 0), Buffer.from('tb')]),
    Buffer.concat([Buffer.of(0x89), length, bytes, Buffer.from('tb')]),
  ]);
}

/** An IDX file of bytes. */
export function idx(sizes: readonly number[], bytes: Buffer): Buffer {
  const head = Buffer.alloc(4 + 4 * sizes.length);
  head.writeUInt32BE(0x800 + sizes.length);
  for (const [axis, size] of sizes.entries()) head.writeUInt32BE(size, 4 + 4 * axis);
  return Buffer.concat([head, bytes]);
}

/** MNIST's files, with images of 4×4 pixels whose labels are given. */
export function mnist(
  labels: readonly number[],
  { prefix = '', val = 't10k', gzip = false } = {},
): Tree {
  const files = ['train', val].flatMap((part, at) => {
    const images = idx([labels.length, 4, 4], noise(labels.length * 16, at));
    return [
      [`${prefix}${part}-images-idx3-ubyte`, images] as const,
      [`${prefix}${part}-labels-idx1-ubyte`, idx([labels.length], Buffer.from(labels))] as const,
    ];
  });
  return Object.fromEntries(
    files.map(([name, bytes]) => (gzip ? [`${name}.gz`, gzipSync(bytes)] : [name, bytes])),
  );
}
