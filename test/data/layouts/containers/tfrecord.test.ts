import assert from 'node:assert/strict';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Split } from '../../../../src/data/dataset.js';
import { readImage } from '../../../../src/data/decode/decode.js';
import { AS_PILLOW } from '../../../../src/data/decode/decode-options.js';
import { encodePng } from '../../../../src/data/decode/png.js';
import { findIndex, openDataset } from '../../../../src/data/open-dataset.js';
import { verifyImages } from '../../../../src/data/passes/verify.js';
import { DataError } from '../../../../src/errors.js';
import { record } from '../../../../src/loggers/tensorboard/event-file.js';
import { random } from '../../../../src/rng.js';
import { namesOf, temporaryDirectory, testImage, writeTree } from '../../images.js';
import { type Tree, writeTar } from '../tars.js';

const directory = temporaryDirectory();
let folders = 0;

function folderOf(tree: Tree): string {
  const root = join(directory(), String(folders++));
  writeTree(root, tree);
  return root;
}

async function refusal(tree: Tree): Promise<string> {
  const root = folderOf(tree);
  const error: unknown = await openDataset(root).catch((reason) => reason);
  assert.ok(error instanceof DataError, String(error));
  return error.message.replaceAll(root, 'set');
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

/** A field of bytes or of another message. */
function field(number: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
}

/** The record of an example: texts, bytes, and whole numbers, packed as TensorFlow has them. */
function example(features: Readonly<Record<string, string | Uint8Array | number>>): Uint8Array {
  const entries = Object.entries(features).map(([key, value]) => {
    const feature =
      typeof value === 'number'
        ? field(3, field(1, varint(value)))
        : field(1, field(1, Buffer.from(value as Uint8Array)));
    return field(1, field(1, Buffer.from(key)), field(2, feature));
  });
  return record(field(1, ...entries));
}

const png = (seed: number) => encodePng(testImage(9, 7, 3, seed));
const WNIDS = ['n01440764', 'n02100735'];

/** A shard as the scripts for ImageNet write it. */
function imagenetShard(seeds: readonly number[]): Buffer {
  return Buffer.concat(
    seeds.map((seed) =>
      example({
        'image/height': 7,
        'image/colorspace': 'RGB',
        'image/encoded': png(seed),
        'image/class/label': 1 + (seed % 2),
        'image/class/synset': WNIDS[seed % 2] as string,
        'image/class/text': 'words',
      }),
    ),
  );
}

async function areOfSeeds({ images }: Split, seeds: readonly number[]) {
  const found: Buffer[] = [];
  for (let index = 0; index < images.length; index++) {
    found.push(Buffer.from((await readImage(images.locate(index))).data));
  }
  assert.deepEqual(
    found,
    seeds.map((seed) => Buffer.from(testImage(9, 7, 3, seed).data)),
  );
}

const IMAGENET: Tree = {
  'train/train-00000-of-00002': imagenetShard([0, 1, 2]),
  'train/train-00001-of-00002': imagenetShard([3, 4]),
  'validation/validation-00000-of-00001': imagenetShard([11, 10]),
};

describe('shards of TFRecords', () => {
  it('are read as ImageNet has them, with its synsets as classes', async () => {
    const root = folderOf(IMAGENET);
    const { train, val, classes, words, warnings } = await openDataset(root);
    assert.deepEqual([classes, words[0], warnings], [WNIDS, 'tench, Tinca tinca', []]);
    assert.deepEqual([...train.labels, ...val.labels], [0, 1, 0, 1, 0, 1, 0]);
    await areOfSeeds(train, [0, 1, 2, 3, 4]);
    await areOfSeeds(val, [11, 10]);
    assert.equal(namesOf(train.images)[4], `${root}/train/train-00001-of-00002:1`);
  });

  it('are read where gzip has compressed them, whether or not their names say so', async () => {
    const cache = process.env['CNN_CACHE'];
    process.env['CNN_CACHE'] = join(directory(), 'cache');
    try {
      const packed = {
        'train/train-00000-of-00002': gzipSync(imagenetShard([0, 1, 2])),
        'train/train-00001-of-00002.gz': gzipSync(imagenetShard([3, 4])),
        'validation/validation-00000-of-00001': imagenetShard([11, 10]),
      };
      const tar = join(directory(), 'packed.tar');
      writeTar(tar, packed);
      for (const place of [folderOf(packed), tar]) {
        const { train, val } = await openDataset(place);
        await areOfSeeds(train, [0, 1, 2, 3, 4]);
        await areOfSeeds(val, [11, 10]);
      }
    } finally {
      if (cache === undefined) delete process.env['CNN_CACHE'];
      else process.env['CNN_CACHE'] = cache;
    }
  });

  it('are read inside a tar file', async () => {
    const tar = join(directory(), 'imagenet.tar');
    writeTar(tar, IMAGENET);
    const { train } = await openDataset(tar);
    await areOfSeeds(train, [0, 1, 2, 3, 4]);
    assert.equal(namesOf(train.images)[4], `${tar}:train/train-00001-of-00002:1`);
  });

  it('are read as TensorFlow Datasets has them, with the names of their numbers', async () => {
    const shard = (seeds: readonly number[]) =>
      Buffer.concat(seeds.map((seed) => example({ label: seed % 3, image: png(seed), id: -1 })));
    const { train, val, classes } = await openDataset(
      folderOf({
        'pets/1.0.0/pets-train.tfrecord-00000-of-00001': shard([4, 3]),
        'pets/1.0.0/pets-test.tfrecord-00000-of-00001': shard([2]),
        'pets/1.0.0/label.labels.txt': 'cat\ndog\nant\n',
      }),
    );
    assert.deepEqual(classes, ['cat', 'dog', 'ant']);
    assert.deepEqual([...train.labels, ...val.labels], [1, 0, 2]);
    await areOfSeeds(train, [4, 3]);
  });

  it('are named where they are cut off, at any byte', async () => {
    const shard = imagenetShard([0, 1]);
    for (const end of [1, 11, 12, 40, 200, shard.length / 2 + 5, shard.length - 1]) {
      const tree = {
        ...IMAGENET,
        'train/train-00001-of-00002': shard.subarray(0, Math.floor(end)),
      };
      assert.match(
        await refusal(tree),
        /^set\/train\/train-00001-of-00002 is truncated: it ends in record [01]\. Compare/,
      );
    }
  });

  it('are named where their bytes changed', async () => {
    const shard = imagenetShard([0, 1]);
    const second = imagenetShard([0]).length;
    const changed = (at: number) => {
      const bytes = Buffer.from(shard);
      bytes[at] = (bytes[at] as number) ^ 1;
      return { ...IMAGENET, 'train/train-00001-of-00002': bytes };
    };
    assert.match(
      await refusal(changed(second)),
      /record 1, at byte \d+, has a length that cannot be right or does not fit its checksum/,
    );
    assert.match(
      await refusal(changed(second + 100)),
      /train-00001-of-00002 is damaged: the bytes of record 1 do not fit their checksum/,
    );
    assert.match(
      await refusal({ 'train-00000-of-00001': png(0) }),
      /is not a TFRecord file: it is a PNG image/,
    );
    const odd = example({ 'image/width': 3 });
    assert.match(
      await refusal({ 'a.tfrecord': odd }),
      /Record 0 of .* has no image: .* found image\/width\./,
    );
    assert.equal(
      await refusal({ 'a.tfrecord': example({ image: png(0) }) }),
      'No training image in set has a label.',
    );
    assert.match(
      await refusal({ 'val.tfrecord': imagenetShard([0]) }),
      /No training shards in set/,
    );
  });

  it('have all checksums compared by a verification', async () => {
    const seeds = Array.from({ length: 40 }, (_, seed) => seed);
    const shard = imagenetShard(seeds);
    // In the text of record 1, which is not among those that every start compares.
    const text = shard.indexOf('words', imagenetShard([0]).length);
    shard[text] = 0x57;
    const index = await findIndex(folderOf({ ...IMAGENET, 'train/train-00000-of-00002': shard }));
    const { bad, images } = await verifyImages(index, AS_PILLOW, 1, () => {});
    assert.equal(images, 44);
    assert.deepEqual(
      bad.map(({ image, class: name, reason }) => [image.slice(-2), name, reason]),
      [[':1', WNIDS[1], 'its TFRecord does not fit its checksum']],
    );
  });

  it('that are damaged anywhere, with right checksums, are read or refused', async () => {
    const draw = random(0, 'subset');
    for (let run = 0; run < 100; run++) {
      const bytes = Buffer.from(
        field(1, field(1, field(1, Buffer.from('image')), field(2, field(1, field(1, png(1)))))),
      );
      for (let change = 0; change < 2; change++) bytes[draw.below(40)] = draw.below(256);
      const root = folderOf({ 'train.tfrecord': record(bytes) });
      const found = await openDataset(root).catch((reason: unknown) => reason);
      assert.ok(found instanceof DataError, String(found));
    }
  });
});
