/** Images that the system does not give, for a while or for good. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Transform } from '../../../src/augment/index.js';
import { type BatchSettings, openBatches } from '../../../src/data/batches/batches.js';
import type { Split } from '../../../src/data/dataset.js';
import { encodePng } from '../../../src/data/decode/png.js';
import { listFiles } from '../../../src/data/image-table.js';
import { DataError } from '../../../src/errors.js';
import { asSharp, temporaryDirectory, testImage } from '../images.js';

const transform: Transform = { resize: 16, crop: 'centre', size: 16, mirror: 0, pad: 0 };
const IMAGES = 12;

describe('images that the system does not give', function () {
  this.timeout(20_000);
  const directory = temporaryDirectory();
  const said: string[] = [];
  let files: string[];
  let split: Split;
  let folder = '';
  let count = 0;

  beforeEach(async () => {
    said.length = 0;
    folder = join(directory(), `${count++}`);
    mkdirSync(folder);
    files = Array.from({ length: IMAGES }, (_, i) => join(folder, `${i}.${i % 2 ? 'jpg' : 'png'}`));
    for (const [i, file] of files.entries()) {
      const image = testImage(16, 16, 3, i);
      writeFileSync(file, i % 2 ? await asSharp(image).jpeg().toBuffer() : encodePng(image));
    }
    split = { images: listFiles(files), labels: Int32Array.from(files, (_, i) => i) };
  });

  function open(more: Partial<BatchSettings>) {
    return openBatches(split, {
      ...{
        batchSize: 4,
        imageSize: 16,
        channels: 3,
        transform,
        seed: 7,
        workers: 2,
        cacheBytes: 0,
      },
      ...{ shuffle: false, lastBatch: 'pad', prefetch: 0, onTrouble: (line) => said.push(line) },
      ...more,
    });
  }

  /** The labels of the slots of an epoch, and what is called before each of its steps. */
  async function labels(
    loader: Awaited<ReturnType<typeof open>>,
    before: (step: number) => void = () => {},
  ): Promise<number[]> {
    const found: number[] = [];
    const batches = loader.batches(0);
    for (let step = 0; ; step++) {
      before(step);
      const { value: batch, done } = await batches.next();
      if (done) return found;
      found.push(...batch.labels);
      batch.release();
    }
  }

  it('are waited for, and are all there when the directory comes back', async () => {
    for (const seconds of [0.2, 1.5]) {
      const loader = await open({ patience: 10 });
      const found = await labels(loader, (step) => {
        if (step !== 1) return;
        renameSync(folder, `${folder}-away`);
        setTimeout(() => renameSync(`${folder}-away`, folder), 1000 * seconds);
      });
      assert.deepEqual(found, [...split.labels]);
      assert.equal(loader.unreadable.size, 0);
      assert.deepEqual(await labels(loader), [...split.labels]);
      await loader.close();
    }
    // A short absence is not worth a line.
    assert.equal(said.length, 2);
    assert.match(said[0] ?? '', /4\.png: there is no such file.*ENOENT.*; trying again for 10 s$/);
    assert.match(said[1] ?? '', /^the images can be read again, after [12] s$/);
  });

  for (const [how, leave] of [
    ['gone', () => renameSync(folder, `${folder}-away`)],
    [
      'an empty mount point',
      () => {
        renameSync(folder, `${folder}-away`);
        mkdirSync(folder);
      },
    ],
  ] as const) {
    it(`end the epoch where their directory is ${how}, and were not seen as damaged`, async () => {
      const loader = await open({ patience: 0.3 });
      const failing = labels(loader, (step) => step === 1 && leave());
      await assert.rejects(failing, (error) => {
        assert.ok(error instanceof DataError);
        assert.match(error.message, /Cannot read the image .*4\.png: .*ENOENT.*nor what is beside/);
        return true;
      });
      assert.equal(loader.unreadable.size, 0);
      rmSync(folder, { recursive: true, force: true });
      renameSync(`${folder}-away`, folder);
      assert.deepEqual(await labels(loader), [...split.labels]);
      await loader.close();
    });
  }

  it('are left out once where their neighbours are there, and tried again in the next epoch', async () => {
    const loader = await open({ patience: 0.3 });
    const lost = [4, 5];
    for (const index of lost) renameSync(files[index] as string, `${files[index]}-away`);
    const expected = (missing: readonly number[]) =>
      [...split.labels].map((label) => (missing.includes(label) ? -1 : label));
    assert.deepEqual(await labels(loader), expected(lost));
    assert.deepEqual([...loader.unreadable.keys()], [files[4], files[5]]);
    // They are not waited for a second time.
    const started = performance.now();
    assert.deepEqual(await labels(loader), expected(lost));
    assert.ok(performance.now() - started < 250);
    for (const index of lost) renameSync(`${files[index]}-away`, files[index] as string);
    assert.deepEqual(await labels(loader), expected([]));
    assert.equal(loader.unreadable.size, 0);
    await loader.close();
  });

  it('end the epoch where they are more than --max-bad-images allows, as damaged ones do', async () => {
    for (const index of [0, 5]) writeFileSync(files[index] as string, 'no image');
    const enough = await open({ maxBadImages: 2 / IMAGES });
    assert.equal((await labels(enough)).filter((label) => label < 0).length, 2);
    await enough.close();
    const loader = await open({ maxBadImages: 1 / IMAGES });
    const steps: number[] = [];
    await assert.rejects(
      labels(loader, (step) => steps.push(step)),
      /^DataError: Cannot read 2 of the 12 images that an epoch has, more than --max-bad-images 0\.08\d* allows; the first is \S+0\.png: /,
    );
    assert.deepEqual(steps, [0, 1]);
    await loader.close();
  });

  it('are not waited for when the loader is closed', async () => {
    const loader = await open({ patience: 60 });
    renameSync(folder, `${folder}-away`);
    const failing = labels(loader);
    setTimeout(() => loader.close(), 100);
    await assert.rejects(failing);
  });
});
