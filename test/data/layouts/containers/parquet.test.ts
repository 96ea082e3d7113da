import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBatches } from '../../../../src/data/batches/batches.js';
import type { Dataset, Split } from '../../../../src/data/dataset.js';
import { readImage } from '../../../../src/data/decode/decode.js';
import { openDataset } from '../../../../src/data/open-dataset.js';
import { DataError } from '../../../../src/errors.js';
import { PACKAGE_ROOT } from '../../../../src/package-root.js';
import { random } from '../../../../src/rng.js';
import { namesOf, temporaryDirectory, writeTree } from '../../images.js';
import type { Tree } from '../tars.js';

/** Twelve rows, of which the last has no label; image i is of one colour and of class i % 3. */
const ROWS = 11;
const stored = (name: string) =>
  readFileSync(join(PACKAGE_ROOT, `test/data/layouts/containers/pets-${name}.parquet`));
/** One with compressed pages and a dictionary, one with neither compression nor old pages. */
const FILES = ['snappy', 'plain'] as const;

const directory = temporaryDirectory();
let folders = 0;

function folderOf(tree: Tree): string {
  const root = join(directory(), String(folders++));
  writeTree(root, tree);
  return root;
}

async function coloursOf({ images }: Split): Promise<number[][]> {
  const all = Array.from({ length: images.length }, (_, index) => images.locate(index));
  return Promise.all(
    all.map(async (location) => [...(await readImage(location)).data.slice(0, 3)]),
  );
}

async function isPets({ classes, channels }: Dataset, split: Split) {
  const rows = Array.from({ length: ROWS }, (_, row) => row);
  assert.deepEqual(classes, ['cat', 'dog', 'ant']);
  assert.equal(channels, 3);
  assert.deepEqual(
    [...split.labels],
    rows.map((row) => row % 3),
  );
  assert.deepEqual(
    await coloursOf(split),
    rows.map((row) => [row, 10 * row, 255 - row]),
  );
}

async function refusal(tree: Tree): Promise<string> {
  const root = folderOf(tree);
  const error: unknown = await openDataset(root).catch((reason) => reason);
  assert.ok(error instanceof DataError, String(error));
  return error.message.replaceAll(root, 'set');
}

describe('Parquet files', () => {
  for (const name of FILES) {
    it(`are read with the parts that their names say: ${name}`, async () => {
      const root = folderOf({
        'README.md': '# Pets\n',
        'data/train-00000-of-00001.parquet': stored(name),
        'data/validation-00000-of-00001.parquet': stored(name),
        'data/test-00000-of-00001.parquet': stored(name),
      });
      const dataset = await openDataset(root);
      await isPets(dataset, dataset.train);
      await isPets(dataset, dataset.val);
      assert.match(
        namesOf(dataset.val.images)[3] ?? '',
        /data\/validation-00000-of-00001\.parquet:3$/,
      );
      assert.deepEqual(dataset.warnings, [`1 image in ${root} without a label: left out.`]);
    });
  }

  it('fill batches from compressed pages and from others', async () => {
    for (const name of FILES) {
      const root = folderOf({
        'train/0000.parquet': stored(name),
        'test/0000.parquet': stored(name),
      });
      const { val } = await openDataset(root);
      const loader = await openBatches(val, {
        ...{ batchSize: ROWS, imageSize: 3, channels: 3, seed: 0, workers: 2, shuffle: false },
        ...{ lastBatch: 'pad', prefetch: 0, cacheBytes: 0 },
        transform: { size: 3, resize: 3, crop: 'centre', mirror: 0, pad: 0 },
      });
      try {
        for await (const { images, release } of loader.batches(0)) {
          assert.deepEqual(
            Array.from({ length: ROWS }, (_, slot) => images[slot * 27]),
            Array.from({ length: ROWS }, (_, slot) => slot),
          );
          release();
        }
      } finally {
        await loader.close();
      }
      assert.equal(loader.unreadable.size, 0);
    }
  });

  it('are refused where they are cut off, damaged or something else', async () => {
    const whole = stored('snappy');
    const tree = { 'validation.parquet': whole };
    assert.match(
      await refusal({ ...tree, 'train.parquet': whole.subarray(0, 2000) }),
      /^set\/train\.parquet is truncated: its end, which says where the images are, is missing\./,
    );
    assert.match(
      await refusal({ ...tree, 'train.parquet': 'text' }),
      /train\.parquet is not a Parquet file\.$/,
    );
    assert.match(await refusal(tree), /^No training files in set: expected names such as train-/);
    const configurations = { 'en/train.parquet': whole, 'fr/train.parquet': whole };
    assert.match(await refusal(configurations), /^set holds several datasets: en, fr\. Pass one/);
  });

  it('that are damaged anywhere are read or refused', async () => {
    for (const name of FILES) {
      const whole = stored(name);
      const draw = random(0, 'subset', name.length);
      for (let run = 0; run < 60; run++) {
        const bytes = Buffer.from(whole);
        for (let change = 0; change < 3; change++)
          bytes[draw.below(bytes.length)] = draw.below(256);
        const root = folderOf({ 'train.parquet': bytes });
        const dataset = await openDataset(root, { valFraction: 0.5 }).catch(
          (reason: unknown) => reason,
        );
        if (dataset instanceof Error)
          assert.ok(dataset instanceof DataError, String(dataset.stack));
      }
    }
  });
});
