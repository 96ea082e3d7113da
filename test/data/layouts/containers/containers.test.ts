import assert from 'node:assert/strict';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openBatches } from '../../../../src/data/batches/batches.js';
import { checkDataset } from '../../../../src/data/check.js';
import type { Dataset, Split } from '../../../../src/data/dataset.js';
import { readImage } from '../../../../src/data/decode/decode.js';
import { loadIndex } from '../../../../src/data/index-cache.js';
import { inspectDataset, openDataset } from '../../../../src/data/open-dataset.js';
import { DataError } from '../../../../src/errors.js';
import { random } from '../../../../src/rng.js';
import { namesOf, temporaryDirectory, writeTree } from '../../images.js';
import { type Tree, writeTar } from '../tars.js';
import {
  binaryCifar,
  IMAGE_BYTES,
  idx,
  interleaved,
  labelOf,
  mnist,
  noise,
  pickled,
  planes,
  pythonCifar,
  string,
  TEN,
} from './made.js';

const directory = temporaryDirectory();
let folders = 0;

/** A new folder with the files of a tree. */
function folderOf(tree: Tree, name = 'set'): string {
  const root = join(directory(), String(folders++), name);
  writeTree(root, tree);
  return root;
}

async function pixelsOf({ images }: Split): Promise<Buffer[]> {
  const all = Array.from({ length: images.length }, (_, index) => images.locate(index));
  return Promise.all(all.map(async (location) => Buffer.from((await readImage(location)).data)));
}

/** What opening a folder of these files says. */
async function refusal(tree: Tree): Promise<string> {
  const root = folderOf(tree);
  const error: unknown = await openDataset(root).catch((reason) => reason);
  assert.ok(error instanceof DataError, String(error));
  return error.message.replaceAll(root, 'set');
}

before(() => {
  process.env['CNN_CACHE'] = join(directory(), 'cache');
});
after(() => {
  delete process.env['CNN_CACHE'];
});

describe('CIFAR as it is distributed', () => {
  const PER_FILE = 3;

  async function isCifar(dataset: Dataset) {
    const places = [1, 2, 3, 4, 5].flatMap((batch) =>
      Array.from({ length: PER_FILE }, (_, index) => [batch, index] as const),
    );
    assert.deepEqual(dataset.classes, TEN);
    assert.equal(dataset.channels, 3);
    assert.deepEqual(
      [...dataset.train.labels],
      places.map(([batch, index]) => labelOf(batch, index)),
    );
    assert.deepEqual(
      await pixelsOf(dataset.train),
      places.map(([batch, index]) => interleaved(planes(batch, index))),
    );
    assert.deepEqual([...dataset.val.labels], [labelOf(6, 0), labelOf(6, 1), labelOf(6, 2)]);
    assert.deepEqual((await pixelsOf(dataset.val))[2], interleaved(planes(6, 2)));
  }

  it('is read in its binary version, in a folder or below one', async () => {
    await isCifar(await openDataset(folderOf(binaryCifar(PER_FILE))));
    const below = Object.entries(binaryCifar(PER_FILE)).map(([name, content]) => [
      `cifar-10-batches-bin/${name}`,
      content,
    ]);
    const dataset = await openDataset(folderOf(Object.fromEntries(below)));
    await isCifar(dataset);
    assert.equal(dataset.layout, 'CIFAR-10 (binary version)');
    assert.match(
      namesOf(dataset.train.images)[4] ?? '',
      /cifar-10-batches-bin\/data_batch_2\.bin:1$/,
    );
  });

  it('is read in its Python version', async () => {
    const dataset = await openDataset(folderOf(pythonCifar(PER_FILE)));
    await isCifar(dataset);
    assert.equal(dataset.layout, 'CIFAR-10 (Python version)');
    assert.match(
      dataset.warnings.join(' '),
      /data_batch_1 holds 3 images; that of .* has 10,000\./,
    );
  });

  it('is read in a tar file, compressed or not, with the same images in the same order', async () => {
    for (const [name, gzip] of [
      ['cifar.tar', false],
      ['cifar.tar.gz', true],
    ] as const) {
      const file = join(directory(), name);
      const files = Object.entries(pythonCifar(PER_FILE)).map(([at, content]) => [
        `py/${at}`,
        content,
      ]);
      writeTar(file, Object.fromEntries(files), { gzip });
      const dataset = await openDataset(file);
      await isCifar(dataset);
      assert.equal(dataset.name, 'cifar');
      assert.match(namesOf(dataset.val.images)[1] ?? '', /cifar\.tar:py\/test_batch:1$/);
    }
  });

  it('fills batches, also where its pixels begin as a JPEG does', async () => {
    const pixels = Buffer.concat([
      Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
      noise(IMAGE_BYTES - 4, 1),
    ]);
    const record = Buffer.concat([Buffer.of(7), pixels]);
    const tree = { ...binaryCifar(1), 'test_batch.bin': Buffer.concat([record, record]) };
    const { val } = await openDataset(folderOf(tree));
    const loader = await openBatches(val, {
      ...{ batchSize: 2, imageSize: 32, channels: 3, seed: 0, workers: 1, shuffle: false },
      ...{ lastBatch: 'pad', prefetch: 0, cacheBytes: 0 },
      transform: { size: 32, resize: 32, crop: 'centre', mirror: 0, pad: 0 },
    });
    try {
      for await (const batch of loader.batches(0)) {
        assert.deepEqual([...batch.labels], [7, 7]);
        assert.deepEqual(Buffer.from(batch.images.subarray(0, IMAGE_BYTES)), interleaved(pixels));
        batch.release();
      }
    } finally {
      await loader.close();
    }
  });

  it('names files that are missing, cut off or damaged', async () => {
    const binary = binaryCifar(PER_FILE);
    const { 'data_batch_3.bin': third, ...lacking } = binary;
    assert.equal(
      await refusal(lacking),
      'data_batch_3.bin of CIFAR-10 (binary version) is missing in set.',
    );
    assert.match(
      await refusal({ ...binary, 'data_batch_3.bin': (third as Buffer).subarray(0, 5000) }),
      /^set\/data_batch_3\.bin is truncated or damaged: its 5,000 bytes are not a whole number of records of 3073\.$/,
    );
    const labelled = Buffer.from(third as Buffer);
    labelled[0] = 10;
    assert.match(
      await refusal({ ...binary, 'data_batch_3.bin': labelled }),
      /data_batch_3\.bin is damaged: its image 0 has the class 10 but batches\.meta\.txt names 10, from 0 on\.$/,
    );
  });

  it('executes nothing that a pickle asks for', async () => {
    const python = pythonCifar(1);
    const evil = Buffer.from('\x80\x02cos\nsystem\nU\x02id\x85R.', 'latin1');
    assert.match(
      await refusal({ ...python, data_batch_2: evil }),
      /it asks for "os\.system", which is no part/,
    );
    const whole = python['data_batch_2'] as Buffer;
    assert.match(
      await refusal({ ...python, data_batch_2: whole.subarray(0, 900) }),
      /it ends early/,
    );
    const without = pickled([['labels', string('none')]]);
    assert.match(await refusal({ ...python, data_batch_2: without }), /it has no list of "labels"/);
  });
});

describe('IDX files', () => {
  const LABELS = [3, 1, 4, 1, 5, 9];

  it('are read as MNIST and those in its form, compressed or not', async () => {
    for (const gzip of [false, true]) {
      const dataset = await openDataset(folderOf(mnist(LABELS, { gzip })));
      assert.equal(dataset.channels, 1);
      assert.deepEqual(dataset.classes, [...'0123456789']);
      assert.deepEqual([...dataset.train.labels], LABELS);
      const pixels = noise(LABELS.length * 16, 1);
      assert.deepEqual(Buffer.concat(await pixelsOf(dataset.val)), pixels);
      const ending = gzip ? '.gz' : '';
      const first = namesOf(dataset.val.images)[0] ?? '';
      assert.ok(first.endsWith(`/t10k-images-idx3-ubyte${ending}:0`), first);
    }
  });

  it('are read inside a tar file, where they are compressed too', async () => {
    const file = join(directory(), 'mnist.tar');
    writeTar(file, mnist(LABELS, { gzip: true }));
    const { train, val } = await openDataset(file);
    assert.deepEqual([...train.labels], LABELS);
    const pixels = noise(LABELS.length * 16, 1);
    assert.deepEqual(Buffer.concat(await pixelsOf(val)), pixels);
    assert.match(namesOf(val.images)[0] ?? '', /mnist\.tar:t10k-images-idx3-ubyte\.gz:0$/);
  });

  it('name the classes of Fashion-MNIST by the folder and those of EMNIST by the file', async () => {
    const fashion = await openDataset(folderOf(mnist(LABELS), 'FashionMNIST'));
    assert.equal(fashion.classes[9], 'ankle-boot');
    const letters = mnist([1, 26, 1, 2], { prefix: 'emnist-letters-', val: 'test' });
    const { classes, train } = await openDataset(folderOf(letters));
    assert.deepEqual([classes.length, classes[0], classes[25]], [26, 'a', 'z']);
    assert.deepEqual([...train.labels], [0, 25, 0, 1]);
    const stored = noise(64, 0).subarray(0, 16);
    const [first] = await pixelsOf(train);
    assert.deepEqual(
      first,
      Buffer.from(stored.map((_, at) => stored[(at % 4) * 4 + (at >> 2)] as number)),
    );
  });

  it('are refused where they are cut off, do not fit or are several sets', async () => {
    const whole = mnist(LABELS);
    const name = 'train-images-idx3-ubyte';
    const images = whole[name] as Buffer;
    assert.equal(
      await refusal({ ...whole, [name]: images.subarray(0, 50) }),
      `set/${name} is truncated or damaged: expected 112 bytes by its header but found 50.`,
    );
    assert.match(
      await refusal({ ...whole, 'train-labels-idx1-ubyte': idx([5], Buffer.alloc(5)) }),
      /train-images-idx3-ubyte holds 6 images but .*train-labels-idx1-ubyte 5 labels\./,
    );
    const packed = gzipSync(images);
    const { [name]: _, ...others } = whole;
    assert.match(
      await refusal({ ...others, [`${name}.gz`]: packed.subarray(0, packed.length - 9) }),
      /train-images-idx3-ubyte\.gz is truncated: unexpected end of file\./,
    );
    assert.match(
      await refusal({ ...whole, ...mnist(LABELS, { prefix: 'k-' }) }),
      /holds several datasets: k-, \. Put/,
    );
    assert.match(await refusal({ ...others }), /No train-images-idx3-ubyte in set/);
  });

  it('that changed are read anew, from the cache too', async () => {
    const root = folderOf(mnist(Array.from({ length: 10_000 }, (_, at) => at % 10)));
    const longAgo = new Date(2020, 0, 1);
    for (const name of ['.', ...readdirSync(root)]) utimesSync(join(root, name), longAgo, longAgo);
    const first = await openDataset(root);
    const kept = await loadIndex(root);
    assert.deepEqual(kept?.train.images.locate(5000), first.train.images.locate(5000));
    assert.deepEqual(kept?.train.labels, first.train.labels);
    const file = join(root, 'train-labels-idx1-ubyte');
    const bytes = readFileSync(file);
    bytes[8] = 9;
    writeFileSync(file, bytes);
    assert.equal((await openDataset(root)).train.labels[0], 9);
  });

  it('are checked', async () => {
    const root = folderOf(mnist(LABELS));
    const report = checkDataset(root, await inspectDataset(root));
    assert.deepEqual(report.problems, []);
    assert.deepEqual(report.train?.largest, { class: '1', images: 2 });
  });
});

describe('files of many images that are damaged anywhere', () => {
  const sets = [
    { tree: pythonCifar(1), file: 'data_batch_1' },
    { tree: pythonCifar(1), file: 'batches.meta' },
    { tree: binaryCifar(1), file: 'batches.meta.txt' },
    { tree: mnist([3, 1, 4]), file: 'train-images-idx3-ubyte' },
    { tree: mnist([3, 1, 4], { gzip: true }), file: 'train-labels-idx1-ubyte.gz' },
  ];
  for (const { tree, file } of sets) {
    it(`are read or refused: ${file}`, async () => {
      const draw = random(1, 'subset', file.length);
      const whole = Buffer.from(tree[file] as Uint8Array);
      const root = folderOf(tree);
      for (let run = 0; run < 60; run++) {
        const bytes = Buffer.from(whole);
        const places = Math.min(bytes.length, 300);
        for (let change = 0; change < 2; change++) bytes[draw.below(places)] = draw.below(256);
        writeTree(root, { [file]: run % 3 === 0 ? bytes.subarray(0, draw.below(places)) : bytes });
        const found = await openDataset(root).catch((reason: unknown) => reason);
        if (found instanceof Error) assert.ok(found instanceof DataError, String(found.stack));
      }
    });
  }
});

describe('several datasets below a folder', () => {
  it('are refused with their names', async () => {
    const root = folderOf({});
    writeTree(join(root, 'a'), mnist([1, 2]));
    writeTree(join(root, 'b'), binaryCifar(1));
    const error = await openDataset(root).catch((reason: Error) => reason);
    assert.match(
      (error as Error).message,
      /holds several datasets: MNIST's IDX files in .*\/a, CIFAR-10/,
    );
  });
});
