/**
 * The levels of JPEGs that the GPU decodes, real or emulated, beside those of the processor. Of the
 * real nvJPEG other levels are expected, up to what is asserted here.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend } from '../../src/backend/index.js';
import { openBatches } from '../../src/data/batches/batches.js';
import { listFiles } from '../../src/data/image-table.js';
import { chosenDecoder } from '../../src/session/decoding.js';
import { bytesOf } from '../../src/session/session.js';
import { asSharp, testImage } from '../data/images.js';
import { openOurs } from '../network/backends.js';

const COUNT = 8;
const SIZE = 64;
const transform = { resize: 80, crop: 'random', size: SIZE, mirror: 0, pad: 0 } as const;

/**
 * The most that a level may differ, and the mean. The inverse transform may be off by 1 in each
 * component, of which the conversion of colours makes up to 4; what stands between the pixels of
 * colours that are stored at half the size depends on the decoder.
 */
const ALLOWED = {
  grey: { most: 2, mean: 0.5 },
  '4:4:4': { most: 4, mean: 1 },
  '4:2:0': { most: 64, mean: 2 },
};

const tried = process.env['CNN_TEST_BACKEND'] === 'cuda' ? describe : describe.skip;

tried('JPEGs that the GPU decodes', () => {
  let folder: string;
  let backend: Backend;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cnn-test-'));
    backend = await openOurs('f32');
  });
  after(() => rmSync(folder, { recursive: true }));

  async function decoded(files: readonly string[], decode: 'cpu' | 'gpu'): Promise<Uint8Array> {
    const split = { images: listFiles([...files]), labels: new Int32Array(COUNT) };
    const decoder = chosenDecoder(decode, backend);
    const loader = await openBatches(split, {
      ...{ batchSize: COUNT, imageSize: SIZE, channels: 3, transform, seed: 1, workers: 2 },
      ...{ shuffle: false, lastBatch: 'pad', prefetch: 0, cacheBytes: 0 },
      ...(decoder && { decoder }),
    });
    try {
      for await (const batch of loader.batches(0)) {
        const bytes = await bytesOf(batch, [COUNT, SIZE, SIZE, 3]).data();
        batch.release();
        assert.equal(loader.decoded?.processor ?? 0, 0);
        return bytes as unknown as Uint8Array;
      }
      throw new Error('Expected a batch');
    } finally {
      await loader.close();
    }
  }

  for (const [form, allowed] of Object.entries(ALLOWED)) {
    it(`have about the levels of the processor: ${form}`, async () => {
      const files: string[] = [];
      for (let seed = 0; seed < COUNT; seed++) {
        const image = asSharp(testImage(120 + 9 * seed, 131, form === 'grey' ? 1 : 3, seed));
        const colours = form === 'grey' ? {} : { chromaSubsampling: form };
        files.push(join(folder, `${form.replaceAll(':', '')}-${seed}.jpg`));
        const bytes = await image.jpeg({ quality: 90, ...colours }).toBuffer();
        writeFileSync(files.at(-1) as string, bytes);
      }
      const wanted = await decoded(files, 'cpu');
      const found = await decoded(files, 'gpu');
      assert.equal(found.length, wanted.length);
      const differences = Array.from(found, (level, i) => Math.abs(level - (wanted[i] ?? 0)));
      const most = differences.reduce((a, b) => Math.max(a, b));
      const mean = differences.reduce((a, b) => a + b) / differences.length;
      const sentence = `${form}: levels differ by ${mean} on average, ${most} at most`;
      assert.ok(most <= allowed.most && mean <= allowed.mean, sentence);
    });
  }
});
