/** Batches whose pixels are changed, erased, mixed and repeated. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  cropWindow,
  drawAugmentation,
  fillSlot,
  type Transform,
} from '../../../src/augment/index.js';
import { augmentPixels } from '../../../src/data/batches/augment-pixels.js';
import { type BatchSettings, openBatches } from '../../../src/data/batches/batches.js';
import { placesOf } from '../../../src/data/batches/epoch-order.js';
import type { Split } from '../../../src/data/dataset.js';
import { readImage } from '../../../src/data/decode/decode.js';
import { encodePng } from '../../../src/data/decode/png.js';
import { listFiles } from '../../../src/data/image-table.js';
import { shuffledIndices } from '../../../src/rng.js';
import { asSharp, temporaryDirectory, testImage } from '../images.js';

const SEED = 3;
const transform: Transform = {
  ...{ resize: 24, crop: 'random', size: 20, mirror: 0.5, pad: 0, erase: 0.5 },
  auto: { name: 'ra', changes: 2, magnitude: 15 },
  jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
};

describe('changed batches', () => {
  const directory = temporaryDirectory();
  let split: Split;

  before(async () => {
    const files = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const image = testImage(60 + 3 * i, 130 - 3 * i, i % 5 === 0 ? 1 : 3, i);
        const file = join(directory(), `${i}.${i % 2 ? 'jpg' : 'png'}`);
        const jpeg = i % 2 === 1 && (await asSharp(image).jpeg().toBuffer());
        writeFileSync(file, jpeg || encodePng(image));
        return file;
      }),
    );
    split = { images: listFiles(files), labels: Int32Array.from(files, (_, i) => i % 3) };
  });

  async function collect(more: Partial<BatchSettings>, fromStep = 0) {
    const loader = await openBatches(split, {
      ...{ batchSize: 5, imageSize: transform.size, channels: 3, transform, seed: SEED },
      ...{ shuffle: true, lastBatch: 'drop', workers: 1, prefetch: 1, cacheBytes: 0 },
      ...{ copies: 2, mixing: { mixup: 0.2, cutmix: 1 } },
      ...more,
    });
    const copies = [];
    for (const epoch of [0, 1]) {
      for await (const batch of loader.batches(epoch, fromStep)) {
        const { images, labels, mirror, erased = [], mix } = batch;
        const lists = { labels: [...labels], mirror: [...mirror], erased: [...erased] };
        copies.push({ images: Buffer.from(images), ...lists, mix });
        batch.release();
      }
    }
    assert.equal(loader.unreadable.size, 0);
    await loader.close();
    return copies;
  }

  it('are the same for any number of workers, from memory, and from a later step on', async () => {
    const expected = await collect({});
    assert.equal(expected.length, 8);
    assert.deepEqual(await collect({ workers: 3, prefetch: 3 }), expected);
    assert.deepEqual(await collect({ cacheBytes: 1e9 }), expected);
    const later = [...expected.slice(2, 4), ...expected.slice(6, 8)];
    assert.deepEqual(await collect({}, 2), later);
  });

  it('hold the changes of each image in its slot', async () => {
    for (const channels of [1, 3] as const) {
      const batches = await collect({ channels });
      const order = shuffledIndices(20, SEED, 0);
      for (const [step, { images, mirror, erased }] of batches.slice(0, 4).entries()) {
        for (const [slot, { index, copy }] of placesOf(order, 5 * step, 5, 2).entries()) {
          const image = await readImage(split.images.locate(index));
          const draws = drawAugmentation(transform, SEED, 0, index, copy);
          const window = cropWindow(transform, image.width, image.height, draws);
          const expected = new Uint8Array(400 * channels);
          fillSlot(image, window, 20, expected, channels);
          augmentPixels(expected, 20, channels, draws.operations);
          const found = images.subarray(slot * expected.length, (slot + 1) * expected.length);
          assert.deepEqual(new Uint8Array(found), expected, `step ${step}, slot ${slot}`);
          assert.equal(mirror[slot], Number(draws.mirror));
          const { left, top, right, bottom } = draws.erased ?? {
            left: 0,
            top: 0,
            right: 0,
            bottom: 0,
          };
          assert.deepEqual(erased.slice(4 * slot, 4 * slot + 4), [left, top, right, bottom]);
        }
      }
    }
  });

  it('have each image of an epoch as often as asked, its copies apart', () => {
    const order = shuffledIndices(20, SEED, 0);
    for (const [size, copies] of [
      [6, 3],
      [5, 2],
      [4, 1],
    ] as const) {
      const seen = new Map<number, Set<number>>();
      for (let step = 0; step < Math.floor(20 / size); step++) {
        const places = placesOf(order, step * size, size, copies);
        for (const [slot, { index, copy }] of places.entries()) {
          seen.set(index, (seen.get(index) ?? new Set()).add(copy));
          const next = places[slot + 1];
          if (copies > 1) assert.notEqual(index, next?.index, `step ${step}, slot ${slot}`);
        }
      }
      const whole = Math.floor((Math.floor(20 / size) * size) / copies);
      const complete = [...seen.values()].filter((found) => found.size === copies).length;
      assert.equal(complete, whole);
    }
  });
});
