/** JPEGs that the GPU decodes give the bytes that the processor gives; nvJPEG is emulated too. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { cudaAddonPath, requireAddon } from '../../src/addon.js';
import type { Transform } from '../../src/augment/index.js';
import { type Addon, kernelNames } from '../../src/backend/addon.js';
import { NativeBackend } from '../../src/backend/native-backend.js';
import { runEval } from '../../src/commands/eval.js';
import { type BatchSettings, openBatches } from '../../src/data/batches/batches.js';
import type { DeviceDecoder } from '../../src/data/batches/device-decoder.js';
import type { Split } from '../../src/data/dataset.js';
import type { JpegAddon } from '../../src/data/decode/jpeg.js';
import { listFiles } from '../../src/data/image-table.js';
import { OutOfMemoryError, RunError, UsageError } from '../../src/errors.js';
import { checkDecode, chosenDecoder } from '../../src/session/decoding.js';
import { deviceDecoder } from '../../src/session/device-decoder.js';
import { SILENT } from '../../src/session/reporter.js';
import type { Given } from '../../src/settings/given.js';
import { writeOddDataset } from '../commands/data/odd-dataset.js';
import { observe } from '../commands/observed.js';
import { asSharp, temporaryDirectory, testImage } from '../data/images.js';
import { emulatedOrSkip, withEmulatedGpu } from './emulated.js';

const SIZE = 16;
const random: Transform = { resize: 20, crop: 'random', size: SIZE, mirror: 0.5, pad: 2 };
const area: Transform = { resize: 20, crop: 'area', size: SIZE, mirror: 0, pad: 0 };
const centre: Transform = { resize: 24, crop: 'centre', size: SIZE, mirror: 0, pad: 0 };
const BASE: BatchSettings = {
  batchSize: 4,
  imageSize: SIZE,
  channels: 3,
  transform: random,
  seed: 3,
  workers: 2,
  shuffle: true,
  lastBatch: 'pad',
  prefetch: 2,
  cacheBytes: 0,
};
/** Late copies show memory that is used again too early. */
const GPUS = { 'without an engine': 'delay=1000', 'with an engine': 'jpeg=hardware delay=1000' };

interface Gpu {
  readonly device: NativeBackend;
  readonly decoder: DeviceDecoder;
}

/** A GPU with these properties and faults, for one test. */
function openGpu(gpu: string): Promise<Gpu> {
  return withEmulatedGpu(gpu, () => {
    const addon = requireAddon(cudaAddonPath()) as Addon & JpegAddon;
    const queue = addon.openCuda(0, false, true);
    const device = new NativeBackend(queue, kernelNames(addon), 1, 'f32');
    return { device, decoder: deviceDecoder(device, addon) };
  });
}

/** All batches of two epochs, and what became of the images. */
async function collect(split: Split, settings: Partial<BatchSettings>, device?: NativeBackend) {
  const loader = await openBatches(split, { ...BASE, ...settings });
  const batches: unknown[] = [];
  try {
    for (const epoch of [0, 1]) {
      for await (const batch of loader.batches(epoch)) {
        const data = batch.takeFromDevice?.();
        const images = data === undefined ? batch.images : await device?.read(data);
        if (data !== undefined) device?.disposeData(data);
        const { labels, mirror, offsets, count } = batch;
        const lists = [images as Uint8Array, labels, mirror, offsets];
        batches.push([...lists.map((list) => Buffer.from(list)), count]);
        batch.release();
      }
    }
  } finally {
    await loader.close();
  }
  return { batches, unreadable: [...loader.unreadable].sort(), decoded: loader.decoded };
}

describe('decoding on the GPU', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();
  let good: Split;
  let odd: Split;
  let onProcessor: ReturnType<typeof collect> | undefined;

  before(async function () {
    emulatedOrSkip(this);
    const image = (seed: number) => {
      return asSharp(testImage(24 + 7 * seed, 61 - 3 * seed, seed === 4 ? 1 : 3, seed));
    };
    good = write(
      await Promise.all(
        Array.from({ length: 10 }, async (_, seed) => {
          const chromaSubsampling = seed % 2 === 0 ? '4:2:0' : '4:4:4';
          const options = { chromaSubsampling, progressive: seed === 7 };
          return [`${seed}.jpg`, await image(seed).jpeg(options).toBuffer()] as const;
        }),
      ),
    );
    const plain = await asSharp(testImage(90, 80, 3, 20))
      .jpeg()
      .toBuffer();
    odd = write([
      ['plain.jpg', plain],
      ['other.png', await image(1).png().toBuffer()],
      ['cmyk.jpg', await image(2).toColourspace('cmyk').jpeg().toBuffer()],
      ['turned.jpg', await image(3).withMetadata({ orientation: 6 }).jpeg().toBuffer()],
      ['cut.jpg', plain.subarray(0, plain.length - 200)],
      ['damaged.jpg', damaged(plain)],
      ['again.jpg', plain],
    ]);
  });

  function write(files: readonly (readonly [name: string, bytes: Buffer])[]): Split {
    const paths = files.map(([name]) => join(directory(), name));
    for (const [index, [, bytes]] of files.entries()) writeFileSync(paths[index] as string, bytes);
    return { images: listFiles(paths), labels: Int32Array.from(paths, (_, index) => index % 3) };
  }

  for (const [what, gpu] of Object.entries(GPUS)) {
    for (const [name, form] of Object.entries({
      'random crops': {},
      'boxes in grey': { transform: area, channels: 1 as const, batchSize: 7 },
    })) {
      it(`${what} gives the same bytes of ${name}`, async () => {
        const { device, decoder } = await openGpu(gpu);
        const expected = await collect(good, form);
        const found = await collect(good, { ...form, decoder }, device);
        assert.deepEqual(found.batches, expected.batches);
        assert.deepEqual(found.decoded, { device: 20, processor: 0 });
        await device.sync();
        assert.equal(device.numDataIds(), 0);
      });
    }

    it(`${what} leaves to the processor what it does not decode`, async () => {
      const { device, decoder } = await openGpu(gpu);
      const reading = { maxPixels: 10_000, exifRotate: true };
      const form = { transform: centre, shuffle: false, reading, workers: 1 };
      onProcessor ??= collect(odd, form);
      const expected = await onProcessor;
      const found = await collect(odd, { ...form, decoder }, device);
      assert.deepEqual(found.batches, expected.batches);
      // What cannot be read is not tried again in the second epoch.
      assert.deepEqual(found.decoded, { device: 4, processor: 9 });
      assert.deepEqual(found.unreadable, expected.unreadable);
      assert.match(`${found.unreadable}`, /^[^,]*cut\.jpg,[^,]+$/);
    });

    it(`${what} gives memory back, of batches that nobody takes too`, async () => {
      const { device, decoder } = await openGpu(gpu);
      const loader = await openBatches(good, { ...BASE, decoder });
      const uses: number[] = [];
      for (let epoch = 0; epoch < 12; epoch++) {
        for await (const batch of loader.batches(epoch)) {
          if (epoch % 2 === 0) device.disposeData(batch.takeFromDevice?.() as object);
          batch.release();
          if (epoch % 3 === 0) break;
        }
        await device.sync();
        // Where an epoch ended early, batches are still being decoded.
        if (epoch % 3 === 2) uses.push(device.memory().deviceBytes);
      }
      await loader.close();
      assert.equal(new Set(uses).size, 1, `${uses}`);
    });
  }

  it('ends with its loader, with the memory of what was being decoded', async () => {
    const { device, decoder } = await openGpu('delay=3000');
    const size = 256;
    const form = { transform: { ...centre, resize: size, size }, imageSize: size, batchSize: 2 };
    const batchBytes = 2 * 3 * size * size;
    const loader = await openBatches(good, { ...BASE, ...form, decoder });
    const batches = loader.batches(0);
    const first = await batches.next();
    await loader.close();
    try {
      for await (const batch of batches) batch.release();
    } catch (error) {
      assert.match(`${error}`, /^RunError: The batch loader was closed/);
    }
    if (!first.done) first.value.release();
    await device.sync();
    assert.ok(device.memory().deviceBytes < batchBytes, `${device.memory().deviceBytes}`);
  });

  it('trains as images decoded by the processor do, and tells how many were', async () => {
    const data = join(directory(), 'data');
    await writeOddDataset(data, 0);
    const train = async (decode: string) => {
      const run = join(directory(), decode);
      mkdirSync(run);
      const notes: string[] = [];
      const flags = { arch: 'lenet5', data, backend: 'cuda', precision: 'f32', decode };
      const small = { 'input-size': '12', channels: '3', 'batch-size': '6', epochs: '2' };
      const files = { cache: 'none', workers: '1', output: join(run, 'runs'), experiment: 'run' };
      const { files: _, ...found } = await withEmulatedGpu('', () =>
        observe(run, { ...flags, ...small, ...files }, (line) => notes.push(line)),
      );
      return { found, notes: notes.filter((line) => /^JPEGs by|decoded/.test(line)) };
    };
    const earlier = tf.getBackend();
    try {
      const expected = await train('cpu');
      const { found, notes } = await train('gpu');
      assert.deepEqual(found, expected.found);
      assert.deepEqual(expected.notes, []);
      assert.deepEqual(notes, [
        'JPEGs by nvJPEG 13.0.0 (Huffman codes on the processor, the rest on the GPU)',
        '9 of 12 images were left to the processor, the others decoded on the GPU',
      ]);
      const evaluate = (decode: string, more: Given = {}) =>
        withEmulatedGpu('', async () => {
          const checkpoint = join(directory(), 'gpu/runs/run');
          const given = { checkpoint, data, backend: 'cuda', precision: 'f32', decode, ...more };
          return (await runEval(given, SILENT)).json.loss;
        });
      assert.equal(await evaluate('gpu'), await evaluate('cpu'));
      const refused = /^UsageError: --decode gpu makes one crop of an image/;
      await assert.rejects(evaluate('gpu', { crops: '10' }), refused);
    } finally {
      tf.setBackend(earlier);
    }
  });

  describe('that fails', () => {
    it('for want of memory is told as such', async () => {
      const size = 1000;
      const bytes = await asSharp(testImage(size, size, 1))
        .jpeg()
        .toBuffer();
      const split = write([['large.jpg', bytes]]);
      const large = { ...centre, resize: size, size };
      // First there is none for the batch, then none for the image.
      for (const form of [{ transform: large, imageSize: size, batchSize: 2 }, { batchSize: 1 }]) {
        const { device, decoder } = await openGpu('memory=2');
        await assert.rejects(collect(split, { ...form, decoder }, device), (error: Error) => {
          return error instanceof OutOfMemoryError && /smaller --batch-size/.test(error.message);
        });
      }
    });

    it('with the device is told as such', async () => {
      const { device, decoder } = await openGpu('lose=25');
      const failed = collect(good, { decoder }, device);
      await assert.rejects(failed, (error: Error) => {
        return error instanceof RunError && /^The GPU failed in .*lost/.test(error.message);
      });
    });

    it('because there is no nvJPEG says where it was looked for', async () => {
      process.env['CNN_CUDA_LIBRARIES'] = '/nowhere';
      try {
        await assert.rejects(
          openGpu(''),
          /^RunError: --decode gpu does not work here: Expected libnvjpeg.so.13 in \/nowhere, or .*bin\/setup --cuda/,
        );
      } finally {
        delete process.env['CNN_CUDA_LIBRARIES'];
      }
    });
  });

  it('is refused where another backend computes, or images are to be kept', () => {
    const needsCuda = (error: Error) =>
      error instanceof UsageError && /^--decode gpu needs --backend cuda, but/.test(error.message);
    assert.throws(() => chosenDecoder('gpu', { name: 'cpu' }), needsCuda);
    const given = { decode: 'gpu', cache: 'auto' } as const;
    assert.throws(() => checkDecode({ ...given, backend: 'tensorflow' }), needsCuda);
    const keeping = () => checkDecode({ ...given, backend: 'cuda', cache: 'memory' });
    assert.throws(keeping, /keeps none, but --cache memory was given/);
    checkDecode({ ...given, backend: 'auto' });
    checkDecode({ decode: 'cpu', backend: 'cpu', cache: 'memory' });
  });
});

/** Its compressed data end in the middle, by a marker of the end. */
function damaged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const scan = bytes.indexOf(Buffer.from([0xff, 0xda]));
  copy.set([0xff, 0xd9], Math.floor((scan + bytes.length) / 2));
  return copy;
}
