import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  cropWindow,
  drawAugmentation,
  fillSlot,
  type Transform,
} from '../../../src/augment/index.js';
import { type Batch, type BatchSettings, openBatches } from '../../../src/data/batches/batches.js';
import type { Split } from '../../../src/data/dataset.js';
import { readImage } from '../../../src/data/decode/decode.js';
import { encodePng } from '../../../src/data/decode/png.js';
import { listFiles } from '../../../src/data/image-table.js';
import { RunError, UsageError } from '../../../src/errors.js';
import { shuffledIndices } from '../../../src/rng.js';
import { asSharp, temporaryDirectory, testImage } from '../images.js';

const transform: Transform = { resize: 20, crop: 'random', size: 16, mirror: 0.5, pad: 2 };
const base: BatchSettings = {
  batchSize: 4,
  imageSize: 16,
  channels: 3,
  transform,
  seed: 7,
  workers: 2,
  shuffle: true,
  lastBatch: 'drop',
  prefetch: 2,
  cacheBytes: 0,
};

interface Copy {
  images: Buffer;
  labels: number[];
  mirror: number[];
  count: number;
}

function copy(batch: Batch): Copy {
  const { images, labels, mirror, count } = batch;
  return { images: Buffer.from(images), labels: [...labels], mirror: [...mirror], count };
}

/** The batches of some epochs, one list per epoch. */
async function collect(
  split: Split,
  settings: Partial<BatchSettings>,
  epochs = [0],
  fromStep = 0,
): Promise<Copy[][]> {
  const loader = await openBatches(split, { ...base, ...settings });
  const result: Copy[][] = [];
  for (const epoch of epochs) {
    const copies: Copy[] = [];
    for await (const batch of loader.batches(epoch, fromStep)) {
      copies.push(copy(batch));
      batch.release();
    }
    result.push(copies);
  }
  await loader.close();
  return result;
}

describe('batches', () => {
  const directory = temporaryDirectory();
  let split: Split;

  before(async () => {
    const files: string[] = [];
    for (let i = 0; i < 22; i++) {
      const image = testImage(24 + i, 40 - i, i % 5 === 0 ? 1 : 3, i);
      const file = join(directory(), `${i}.${i % 2 ? 'jpg' : 'png'}`);
      const bytes = i % 2 ? await asSharp(image).jpeg().toBuffer() : encodePng(image);
      writeFileSync(file, bytes);
      files.push(file);
    }
    split = { images: listFiles(files), labels: Int32Array.from(files, (_, i) => i % 3) };
  });

  /** The split with some files exchanged for damaged ones. */
  function damaged(...indices: number[]): Split {
    mkdirSync(join(directory(), 'damaged'), { recursive: true });
    const files = Array.from({ length: split.images.length }, (_, index) => {
      const file = split.images.name(index);
      if (!indices.includes(index)) return file;
      const bytes = readFileSync(file);
      const cut = join(directory(), 'damaged', `${index}.jpg`);
      writeFileSync(cut, bytes.subarray(0, bytes.length / 2));
      return cut;
    });
    return { images: listFiles(files), labels: split.labels };
  }

  it('hold the crop, label and mirror that seed, epoch and index give', async () => {
    const [batches = []] = await collect(split, {}, [3]);
    const order = shuffledIndices(22, 7, 3);
    assert.equal(batches.length, 5);
    for (const [step, batch] of batches.entries()) {
      const expected = new Uint8Array(4 * 16 * 16 * 3);
      for (let slot = 0; slot < 4; slot++) {
        const index = order[step * 4 + slot] as number;
        const draws = drawAugmentation(transform, 7, 3, index);
        const image = await readImage(split.images.locate(index));
        const window = cropWindow(transform, image.width, image.height, draws);
        fillSlot(image, window, 16, expected.subarray(slot * 768, (slot + 1) * 768), 3);
        assert.equal(batch.labels[slot], split.labels[index]);
        assert.equal(batch.mirror[slot], Number(draws.mirror));
      }
      assert.ok(batch.images.equals(expected));
      assert.equal(batch.count, 4);
    }
  });

  it('are the same bit for bit for any number of workers and any prefetch', async () => {
    const expected = await collect(split, { workers: 1, prefetch: 0 }, [0, 1]);
    assert.deepEqual(await collect(split, { workers: 3, prefetch: 3 }, [0, 1]), expected);
    assert.deepEqual(await collect(split, { workers: 2, prefetch: 0 }, [0, 1]), expected);
    assert.notDeepEqual(expected[0], expected[1]);
  });

  it('are the same bit for bit from memory', async () => {
    for (const channels of [1, 3] as const) {
      const expected = await collect(split, { channels }, [0, 1, 2]);
      assert.deepEqual(await collect(split, { channels, cacheBytes: 1e8 }, [0, 1, 2]), expected);
      assert.deepEqual(await collect(split, { channels, cacheBytes: 9000 }, [0, 1, 2]), expected);
    }
  });

  it('come from memory once the split is in it, even if the files are gone', async () => {
    const file = join(directory(), 'once.png');
    writeFileSync(file, encodePng(testImage(20, 20, 3)));
    const one = { images: listFiles([file, file]), labels: Int32Array.of(0, 1) };
    for (const [cacheBytes, unreadable] of [
      [1e6, 0],
      [0, 1],
    ] as const) {
      writeFileSync(file, encodePng(testImage(20, 20, 3)));
      const loader = await openBatches(one, { ...base, batchSize: 2, cacheBytes });
      for await (const batch of loader.batches(0)) batch.release();
      writeFileSync(file, '');
      for await (const batch of loader.batches(1)) batch.release();
      assert.equal(loader.unreadable.size, unreadable);
      await loader.close();
    }
  });

  it('continue from a step as if the steps before had been taken', async () => {
    const [all = []] = await collect(split, {});
    const [rest] = await collect(split, {}, [0], 3);
    assert.deepEqual(rest, all.slice(3));
    assert.deepEqual(await collect(split, {}, [0], 5), [[]]);
  });

  it('keep the order of the split without shuffling and pad the last batch', async () => {
    const centre: Transform = { resize: 16, crop: 'centre', size: 16, mirror: 0, pad: 0 };
    const [batches = []] = await collect(split, {
      transform: centre,
      shuffle: false,
      lastBatch: 'pad',
      batchSize: 5,
    });
    assert.deepEqual(
      batches.flatMap(({ labels }) => labels),
      [...split.labels, -1, -1, -1],
    );
    assert.deepEqual(
      batches.map(({ count }) => count),
      [5, 5, 5, 5, 2],
    );
    assert.ok(batches[4]?.images.subarray(2 * 768).every((byte) => byte === 0));
    assert.ok(batches.every(({ mirror }) => mirror.every((flag) => flag === 0)));
  });

  it('name each unreadable image once, with label -1 and zeros in its place', async () => {
    const broken = damaged(3, 9);
    const settings = { ...base, shuffle: false, lastBatch: 'pad' as const };
    const loader = await openBatches(broken, settings);
    for (const epoch of [0, 1]) {
      let step = 0;
      for await (const batch of loader.batches(epoch)) {
        for (let slot = 0; slot < batch.count; slot++) {
          const index = step * 4 + slot;
          const lost = index === 3 || index === 9;
          const bytes = batch.images.subarray(slot * 768, (slot + 1) * 768);
          assert.equal(batch.labels[slot], lost ? -1 : split.labels[index]);
          assert.equal(
            bytes.every((byte) => byte === 0),
            lost,
          );
        }
        assert.equal(batch.count, step === 5 ? 2 : 4);
        step++;
        batch.release();
      }
      assert.deepEqual(
        [...loader.unreadable.keys()],
        [broken.images.name(3), broken.images.name(9)],
      );
    }
    for (const reason of loader.unreadable.values()) assert.ok(reason.length > 5, reason);
    await loader.close();
  });

  it('wait for a released buffer', async () => {
    const loader = await openBatches(split, { ...base, prefetch: 0 });
    const batches = loader.batches(0);
    const held = [await batches.next(), await batches.next()];
    const next = batches.next();
    const first = await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 50))]);
    assert.equal(first, undefined);
    if (!held[0]?.done) held[0]?.value.release();
    assert.equal((await next).done, false);
    await batches.return();
    await loader.close();
  });

  it('that are left half-way give their buffers back', async () => {
    const loader = await openBatches(split, base);
    const [expected] = await collect(split, {}, [1]);
    for (let round = 0; round < 10; round++) {
      for await (const batch of loader.batches(0)) {
        assert.equal(batch.count, 4);
        break;
      }
    }
    const copies: Copy[] = [];
    for await (const batch of loader.batches(1)) {
      copies.push(copy(batch));
      batch.release();
    }
    assert.deepEqual(copies, expected);
    await loader.close();
  });

  it('end with an error when the loader is closed, which may be done twice', async () => {
    const loader = await openBatches(split, base);
    const batches = loader.batches(0);
    await batches.next();
    await loader.close();
    await loader.close();
    await assert.rejects(async () => {
      for (;;) {
        const result = await batches.next();
        if (result.done) break;
        result.value.release();
      }
    }, RunError);
  });

  it('refuse settings that clash', async () => {
    const cases: [Partial<BatchSettings>, RegExp][] = [
      [{ batchSize: 23 }, /batch of 23 is larger than the 22 images/],
      [{ batchSize: 0 }, /--batch-size.*received 0/],
      [{ workers: 0 }, /--workers/],
      [{ prefetch: -1 }, /--prefetch/],
      [{ imageSize: 32 }, /32 pixels but the transform cuts out 16/],
      [{ transform: { ...transform, size: 30 }, imageSize: 30 }, /does not fit/],
    ];
    for (const [settings, message] of cases) {
      await assert.rejects(openBatches(split, { ...base, ...settings }), (error: unknown) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, message);
        return true;
      });
    }
    const padded = await openBatches(split, { ...base, batchSize: 23, lastBatch: 'pad' });
    assert.equal(padded.steps, 1);
    await padded.close();
  });
});
