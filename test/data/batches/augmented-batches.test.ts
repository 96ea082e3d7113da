import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AUGMENTATIONS,
  type PrincipalColours,
  type Transform,
} from '../../../src/augment/index.js';
import { type BatchSettings, openBatches } from '../../../src/data/batches/batches.js';
import type { Split } from '../../../src/data/dataset.js';
import { encodePng } from '../../../src/data/decode/png.js';
import { listFiles } from '../../../src/data/image-table.js';
import { asSharp, temporaryDirectory, testImage } from '../images.js';

const IMAGES = 24;

describe('augmented batches', () => {
  const directory = temporaryDirectory();
  let split: Split;

  before(async () => {
    const files = await Promise.all(
      Array.from({ length: IMAGES }, async (_, i) => {
        const image = testImage(60 + 3 * i, 130 - 3 * i, i % 5 === 0 ? 1 : 3, i);
        const file = join(directory(), `${i}.${i % 2 ? 'jpg' : 'png'}`);
        const jpeg = i % 2 === 1 && (await asSharp(image).jpeg().toBuffer());
        writeFileSync(file, jpeg || encodePng(image));
        return file;
      }),
    );
    split = { images: listFiles(files), labels: new Int32Array(IMAGES) };
  });

  /** All that the batches of two epochs hold. */
  async function collect(transform: Transform, more: Partial<BatchSettings>) {
    const loader = await openBatches(split, {
      ...{ batchSize: 6, imageSize: transform.size, channels: 3, transform, seed: 3 },
      ...{ shuffle: true, lastBatch: 'drop', workers: 1, prefetch: 1, cacheBytes: 0 },
      ...more,
    });
    const copies = [];
    for (const epoch of [0, 1]) {
      for await (const batch of loader.batches(epoch)) {
        const { images, mirror, offsets } = batch;
        copies.push({ images: Buffer.from(images), mirror: [...mirror], offsets: [...offsets] });
        batch.release();
      }
    }
    assert.equal(loader.unreadable.size, 0);
    await loader.close();
    return copies;
  }

  // Between them they hold every draw; eight threads take their time to start.
  for (const name of ['vgg', 'inception'] as const) {
    const augmentation = AUGMENTATIONS[name];
    it(`of ${name} are the same bit for bit for 1 or 8 workers`, async () => {
      const { resize, size } = augmentation;
      const scaled = (side: number) => Math.round((side * 32) / size);
      const sides = typeof resize === 'number' ? scaled(resize) : resize.map(scaled);
      const transform = { ...augmentation, size: 32, resize: sides } as Transform;
      const expected = await collect(transform, {});
      assert.deepEqual(await collect(transform, { workers: 8, prefetch: 3 }), expected);
      const moved = expected.flatMap(({ offsets }) => offsets).filter((offset) => offset !== 0);
      assert.equal(moved.length, 'colour' in augmentation ? 2 * IMAGES * 3 : 0);
      assert.equal(new Set(moved).size, moved.length, 'each image has its own colours');
    });
  }

  it('move colours along the components of the dataset that are given', async () => {
    const principalColours: PrincipalColours = {
      values: [0.5, 0, 0],
      vectors: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
    };
    const transform: Transform = {
      ...{ resize: 32, crop: 'centre', size: 32, mirror: 0, pad: 0 },
      colour: 0.2,
    };
    for (const { offsets } of await collect(transform, { principalColours })) {
      for (const [place, offset] of offsets.entries()) {
        assert.equal(offset === 0, place % 3 !== 0);
        assert.ok(Math.abs(offset) < 5 * 0.1);
      }
    }
  });

  it('of one channel keep their level', async () => {
    const transform = { ...AUGMENTATIONS.alexnet, resize: 36, size: 32 };
    for (const { offsets } of await collect(transform, { channels: 1 })) {
      assert.deepEqual(offsets, [0, 0, 0, 0, 0, 0]);
    }
  });
});
