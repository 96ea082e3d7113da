/** What the addon takes from files and from the host: bytes of JPEGs, and numbers that are not to be trusted. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { ADDON_PATH, requireAddon } from '../../src/addon.js';
import { packOperations } from '../../src/augment/operations/operations.js';
import { kernelNames } from '../../src/backend/addon.js';
import { loadAddon } from '../../src/backend/load-addon.js';
import { createRecords, fillRecord, recordAt } from '../../src/data/decode/image-record.js';
import { type JpegAddon, type JpegPool, jpegAddon } from '../../src/data/decode/jpeg.js';
import { randomJpeg } from '../data/decode/jpegs.js';
import { asSharp, testImage } from '../data/images.js';
import { fuzz } from './fuzz.js';
import { damagedFile, damagedNumbers } from './mutations.js';

const SIZE = 8;
const isError = (error: unknown) => error instanceof Error && error.constructor === Error;

describe('the addon', function () {
  this.timeout(0);
  const directory = mkdtempSync(join(tmpdir(), 'cnn-fuzz-'));
  const at = (name: string) => join(directory, name);
  let addon: JpegAddon;
  let pool: JpegPool;
  const jpegs: Buffer[] = [
    randomJpeg({ width: 20, height: 17, sampling: [[1, 1]] }),
    randomJpeg({
      width: 33,
      height: 20,
      sampling: [
        [2, 2],
        [1, 1],
        [1, 1],
      ],
      restart: 2,
    }),
  ];
  before(async function () {
    const found = jpegAddon();
    if (found instanceof Error) this.skip();
    addon = found;
    pool = addon.openJpegPool(1, 1e6, true);
    const image = asSharp(testImage(30, 20, 3));
    jpegs.push(await image.jpeg({ progressive: true }).toBuffer());
    writeFileSync(at('1.jpg'), jpegs[0] as Buffer);
  });
  after(() => {
    if (pool) addon.closeJpegPool(pool);
    rmSync(directory, { recursive: true, force: true });
  });

  /** An image of 20×17 pixels that fills a slot. */
  const record = recordAt(createRecords(1), 0);
  fillRecord(record, {
    ...{ length: -1, width: 20, height: 17, left: 2, top: 1, boxWidth: 15, boxHeight: 16 },
    ...{ outWidth: SIZE, outHeight: SIZE, slot: 1, operations: 2 },
  });
  const operations = packOperations([
    { kind: 'Affine', values: [1, 0.1, 0, 0, 1, 0] },
    { kind: 'Posterize', values: [3] },
    { kind: 'Hue', values: [0.2] },
    { kind: 'Sharpness', values: [1.5] },
    { kind: 'Solarize', values: [100] },
    { kind: 'MixBegin', values: [0.5] },
    { kind: 'Equalize', values: [] },
    { kind: 'MixAdd', values: [0.5] },
    { kind: 'MixEnd', values: [] },
  ]);

  fuzz(
    'JPEGs',
    () => damagedFile(jpegs),
    async (bytes) => {
      const [width, height, channels] = addon.measureJpeg(bytes) ?? [0, 0, 1];
      if (width * height > 1e6) return;
      if (width > 0) addon.decodeJpeg(bytes, new Uint8Array(width * height * channels));
      writeFileSync(at('damaged.jpg'), bytes);
      await fillSlots('damaged.jpg', Float64Array.of(...record), operations);
    },
  );
  fuzz(
    'records of images',
    () => fc.tuple(damagedNumbers(record), damagedNumbers(operations)),
    ([numbers, changes]) => fillSlots('1.jpg', numbers, changes),
    isError,
  );
  fuzz(
    'windows of pixels',
    () => damagedNumbers(record),
    (numbers) => {
      const slot = guarded(3 * SIZE * SIZE);
      addon.fillFromPixels(new Uint8Array(20 * 17 * 3), numbers, slot.inner, SIZE, 3);
      slot.check();
    },
    isError,
  );
  fuzz(
    'changes of pixels',
    () => damagedNumbers(operations),
    (numbers) => {
      const { augmentPixels } = requireAddon() as {
        augmentPixels(
          pixels: Uint8Array,
          size: number,
          channels: 3,
          operations: Float64Array,
        ): void;
      };
      const slot = guarded(3 * SIZE * SIZE);
      augmentPixels(slot.inner, SIZE, 3, numbers);
      slot.check();
    },
    isError,
  );
  fuzz(
    'calls whose memory is measured',
    () =>
      fc.tuple(
        damagedNumbers(Float64Array.of(2, 0, 8, 0, 8, 0, 4)),
        damagedNumbers(Float64Array.of(1, 1, 2, 4, 2, 0, 0, 0)),
      ),
    ([tensors, words]) => {
      const loaded = loadAddon(ADDON_PATH);
      const product = kernelNames(loaded).indexOf('BatchMatMul');
      loaded.measure(product, tensors, Int32Array.from(words), 1, 0);
    },
    isError,
  );

  /** Fills the second of two slots. */
  async function fillSlots(name: string, numbers: Float64Array, changes: Float64Array) {
    const slots = guarded(2 * 3 * SIZE * SIZE);
    const file = Buffer.from(`${at(name)}\0`);
    await addon.fillFromJpegs(pool, file, numbers, slots.inner, SIZE, 3, changes);
    slots.check();
  }
});

/** Bytes between others that nobody may write to. */
function guarded(length: number): { inner: Uint8Array; check(): void } {
  const all = new Uint8Array(length + 128).fill(77);
  const inner = all.subarray(64, 64 + length);
  return {
    inner,
    check: () => {
      const rest = [...all.subarray(0, 64), ...all.subarray(64 + length)];
      assert.ok(rest.every((byte) => byte === 77));
    },
  };
}
