import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emulatedOrSkip, withEmulatedGpu } from '../../cuda/emulated.js';
import { asSharp, testImage } from '../../data/images.js';
import { writeImages } from '../images.js';
import { cnn, temporaryDirectory } from '../program.js';

describe('cnn bench data', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();

  before(async () => {
    await writeImages(directory.path, { classes: 2, train: 3 });
    const folder = join(directory.path, 'train/class0');
    mkdirSync(folder, { recursive: true });
    for (let index = 0; index < 4; index++) {
      const image = asSharp(testImage(60, 50 + index, 3, index));
      writeFileSync(join(folder, `${index}.jpg`), await image.jpeg().toBuffer());
    }
    writeFileSync(join(folder, 'text.jpg'), 'no image');
  });

  const small = ['--input-size', '32', '--steps', '4', '--warmup', '1', '--batch-size', '5'];
  const bench = (...args: string[]) =>
    cnn(['bench', 'data', '--data', directory.path, ...small, ...args]);

  it('measures the threads asked for, and counts what cannot be read', async () => {
    const { code, stdout, stderr } = await bench('--augment', 'inception', '-j', '2', '--json');
    assert.equal(code, 0, stderr);
    const result = JSON.parse(stdout);
    assert.equal(result.decoder, 'libjpeg-turbo in the addon');
    assert.equal(result.images, 11);
    assert.equal(result.rates.length, 1);
    const [rate] = result.rates;
    assert.equal(rate.workers, 2);
    assert.ok(rate.images_per_second > 0 && rate.images_per_core_second > 0);
    assert.equal(result.images_per_second, rate.images_per_second);
    const [start, end, most] = rate.resident_bytes;
    assert.ok(start > 2 ** 20 && most >= end && most >= start);
    assert.match(stderr, /text\.jpg/);
  });

  it('measures one thread and all cores by itself', async () => {
    const { code, stdout } = await bench();
    assert.equal(code, 0);
    assert.match(stdout, /^threads +images\/s +per core/m);
    assert.match(stdout, /^ +1 +[\d.]+ +[\d.]+ +\d+ +\d+ +\d+$/m);
  });

  it('measures the GPU beside the processor, and counts what that was left', async function () {
    emulatedOrSkip(this);
    const { code, stdout, stderr } = await withEmulatedGpu('jpeg=hardware', () =>
      bench('--decode', 'gpu', '-j', '1', '--json'),
    );
    assert.equal(code, 0, stderr);
    const result = JSON.parse(stdout);
    assert.equal(result.gpu_decoder, "nvJPEG 13.0.0 on the GPU's JPEG engine");
    assert.deepEqual(
      result.rates.map(({ decode }: { decode: string }) => decode),
      ['cpu', 'gpu'],
    );
    const [, rate] = result.rates;
    assert.equal(result.images_per_second, rate.images_per_second);
    assert.ok(rate.images_per_second > 0 && rate.on_gpu > 0 && rate.left_to_cpu > 0);
  });

  it('asks for a batch that the images fill', async () => {
    const { code, stderr } = await bench('--batch-size', '12');
    assert.equal(code, 3);
    assert.match(stderr, /11 training images, fewer than one batch of 12: give --batch-size 11/);
  });
});
