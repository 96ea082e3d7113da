import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cropWindow, fillSlot, type Image, type Transform } from '../../../src/augment/index.js';
import { openBatches } from '../../../src/data/batches/batches.js';
import { readImage } from '../../../src/data/decode/decode.js';
import { AS_PILLOW, reasonOf } from '../../../src/data/decode/decode-options.js';
import { decodePng } from '../../../src/data/decode/png.js';
import { wholeFile } from '../../../src/data/decode/read-bytes.js';
import { listFiles } from '../../../src/data/image-table.js';
import { DataError } from '../../../src/errors.js';
import { temporaryDirectory } from '../images.js';

const FOLDER = fileURLToPath(new URL('odd-images', import.meta.url));
const READER = fileURLToPath(new URL('read-images.ts', import.meta.url));

/** Images that are reported by name, with a part of the reason; all others are shown. */
const REPORTED: Readonly<Record<string, RegExp>> = {
  'bomb.jpg': /65000×65000 pixels are more than the 178956970 that --max-pixels allows/,
  'bomb.bmp': /65000×65000 pixels are more than/,
  'bomb.pgm': /65000×65000 pixels are more than/,
  'bomb.png': /60000×60000 pixels are more than/,
  'bomb.tif': /60000×60000 pixels are more than/,
  'cut-lzw.tif': /the file is damaged/,
  'cut-palette.tif': /the file is truncated/,
  'cut.bmp': /the file is truncated/,
  'cut.ppm': /the file is truncated/,
  'cut.tif': /Read error at scanline/,
  'damaged-tile.tif': /Decoding error/,
  'early-end.gif': /the file is truncated/,
  'empty.jpg': /the file is empty/,
  'header-cut.bmp': /the file is truncated/,
  'header-cut.tif': /the file is damaged/,
  'jpeg-inside.bmp': /unsupported format: a BMP of 24 bits with compression 4/,
  'run-lengths-cut.bmp': /the file is truncated/,
  'svg.jpg': /unsupported format/,
  'text.jpg': /unsupported format/,
  'tiles-of-planes.tif': /tiled separate planes not supported/,
  'too-high.pgm': /its level 220 is above the highest, 9/,
  'without-end.jpg': /premature end/i,
  'zeros.jpg': /unsupported format/,
};

const NAMES = readdirSync(FOLDER)
  .filter((name) => name.includes('.'))
  .sort();
const path = (name: string) => join(FOLDER, name);

/** What Pillow showed when the images were made. */
function golden(name: string, ending = 'png'): Image {
  return decodePng(readFileSync(join(FOLDER, 'rgb', `${name}.${ending}`))) as Image;
}

const LOSSY = /(?<!-content|JPEG)\.(jpg|jfif)$|^lossy|jpeg-content/;

/** JPEGs and lossy WebPs within the two grey levels, all else exactly. */
function assertShown(name: string, { data, channels, width, height }: Image, expected: Image) {
  assert.deepEqual([width, height], [expected.width, expected.height], name);
  let sum = 0;
  for (let at = 0; at < expected.data.length; at++) {
    const value = data[channels === 3 ? at : Math.floor(at / 3)] as number;
    sum += Math.abs(value - (expected.data[at] as number));
  }
  const mean = sum / expected.data.length;
  assert.ok(mean <= (LOSSY.test(name) ? 1 : 0), `${name} is off by ${mean}`);
}

const reasonFor = (file: string, reading = AS_PILLOW) =>
  readImage(wholeFile(file), reading).then(() => undefined, reasonOf);

describe('odd images', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();

  for (const name of NAMES) {
    const reason = REPORTED[name];
    it(`${name} ${reason === undefined ? 'looks as Pillow shows it' : 'is reported'}`, async () => {
      if (reason === undefined) {
        assertShown(name, await readImage(wholeFile(path(name))), golden(name));
      } else {
        assert.match((await reasonFor(path(name))) ?? 'it was shown', reason);
      }
    });
  }

  it('are turned by EXIF on request alone', async () => {
    const turned = NAMES.filter((name) => /^turned-[2-8]\.(?!tif)/.test(name));
    assert.equal(turned.length, 9);
    for (const name of turned) {
      const upright = await readImage(wholeFile(path(name)), { ...AS_PILLOW, exifRotate: true });
      assertShown(name, upright, golden(name, 'upright.png'));
    }
  });

  it('look the same where sharp decodes them all', () => {
    const files = NAMES.map(path);
    const lines = execFileSync(process.execPath, ['--import', 'tsx', READER, ...files], {
      env: { ...process.env, CNN_JPEG: 'sharp' },
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    for (const [i, line] of lines.trim().split('\n').entries()) {
      const name = NAMES[i] as string;
      const { error, data, ...form } = JSON.parse(line);
      const reason = REPORTED[name];
      if (reason !== undefined) assert.match(error ?? 'it was shown', reason, name);
      else assertShown(name, { ...form, data: Buffer.from(data ?? '', 'base64') }, golden(name));
    }
  });

  it('that are cut off at any tenth are reported, as Pillow does', async () => {
    const cuts: string[] = [];
    for (const name of [
      'plain.jpg',
      'progressive.jpg',
      'cmyk.jpg',
      'rgba.png',
      'rgb-16.png',
      'lossy.webp',
      'interlaced.gif',
      'rgb.bmp',
      'run-lengths-4.bmp',
      'rgb.ppm',
      'text.pbm',
      'rgb-tiff_lzw.tif',
      'palette-lzw.tif',
      'tiles-deflate.tif',
    ]) {
      const bytes = readFileSync(path(name));
      for (let tenth = 0; tenth < 10; tenth++) {
        const file = join(directory(), `${tenth}-${name}`);
        writeFileSync(file, bytes.subarray(0, Math.floor((bytes.length * tenth) / 10)));
        cuts.push(file);
      }
    }
    for (const file of cuts) assert.ok(await reasonFor(file), `${file} was shown`);
  });
});

const SIZE = 16;
const transform: Transform = { resize: SIZE, crop: 'centre', size: SIZE, mirror: 0, pad: 0 };
const BATCHES = {
  ...{ batchSize: 4, imageSize: SIZE, channels: 3 as const, transform, seed: 0, workers: 2 },
  ...{ shuffle: false, lastBatch: 'pad' as const, prefetch: 0, cacheBytes: 0 },
};

/** Slots of all batches, with their labels, and what could not be read. */
async function slotsOf(files: readonly string[], more: object = {}) {
  const split = { images: listFiles(files), labels: Int32Array.from(files, (_, i) => i) };
  const loader = await openBatches(split, { ...BATCHES, ...more });
  try {
    const slots: Uint8Array[] = [];
    const labels: number[] = [];
    for await (const batch of loader.batches(0)) {
      for (let slot = 0; slot < batch.count; slot++) {
        const bytes = SIZE * SIZE * 3;
        slots.push(batch.images.slice(slot * bytes, (slot + 1) * bytes));
        labels.push(batch.labels[slot] as number);
      }
      batch.release();
    }
    return { slots, labels, unreadable: loader.unreadable };
  } finally {
    await loader.close();
  }
}

function slotOf(image: Image): Uint8Array {
  const slot = new Uint8Array(SIZE * SIZE * 3);
  const draws = { x: 0, y: 0, mirror: false, short: 0, tries: [], colour: [0, 0, 0] } as never;
  const window = cropWindow(transform, image.width, image.height, draws);
  fillSlot(image, window, SIZE, slot, 3);
  return slot;
}

function assertNear(slot: Uint8Array, expected: Uint8Array, name: string) {
  const sum = expected.reduce(
    (total, value, at) => total + Math.abs(value - (slot[at] as number)),
    0,
  );
  assert.ok(sum / expected.length <= 1, `${name} is off by ${sum / expected.length}`);
}

describe('batches of odd images', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();

  it('show what can be shown; the rest is named, counted and black, with no label', async () => {
    const { slots, labels, unreadable } = await slotsOf(NAMES.map(path));
    assert.deepEqual([...unreadable.keys()], Object.keys(REPORTED).sort().map(path));
    for (const [i, name] of NAMES.entries()) {
      const slot = slots[i] as Uint8Array;
      const reason = REPORTED[name];
      assert.equal(labels[i], reason === undefined ? i : -1, name);
      if (reason === undefined) assertNear(slot, slotOf(golden(name)), name);
      else {
        assert.deepEqual(slot, new Uint8Array(slot.length), name);
        assert.match(unreadable.get(path(name)) ?? '', reason);
      }
    }
  });

  it('are turned upright on request, also those that the addon would decode', async () => {
    const turned = NAMES.filter((name) => /^turned-.\.(?!tif)/.test(name));
    const reading = { ...AS_PILLOW, exifRotate: true };
    const { slots } = await slotsOf(turned.map(path), { reading });
    for (const [i, name] of turned.entries()) {
      const upright = golden(name, name === 'turned-1.jpg' ? 'png' : 'upright.png');
      assertNear(slots[i] as Uint8Array, slotOf(upright), name);
    }
  });

  it('refuse those with more pixels than allowed, whichever decoder they are for', async () => {
    const files = ['plain.jpg', 'progressive.jpg', 'cmyk.jpg', 'rgba.png', 'lossy.webp', 'one.jpg'];
    for (const [maxPixels, refused] of [
      [40 * 24, 0],
      [40 * 24 - 1, 5],
    ] as const) {
      const reading = { ...AS_PILLOW, maxPixels };
      const { unreadable } = await slotsOf(files.map(path), { reading });
      assert.equal(unreadable.size, refused);
      for (const reason of unreadable.values()) assert.match(reason, /40×24 pixels are more than/);
    }
  });

  it('end at the first bad one where that is asked for, and name it', async () => {
    const files = [
      'plain.jpg',
      'one.png',
      'rgba.png',
      'one.jpg',
      'plain.jpg',
      'text.jpg',
      'empty.jpg',
    ];
    await assert.rejects(slotsOf(files.map(path), { onBadImage: 'fail' }), (error) => {
      assert.ok(error instanceof DataError);
      assert.match(
        error.message,
        /Cannot read the image .*text\.jpg: unsupported.*--on-bad-image skip/,
      );
      return true;
    });
  });

  it('name pipes, directories and files too large to be images, and wait for none', async () => {
    const [pipe, folder, large] = ['pipe.jpg', 'folder.png', 'large.jpg'].map((name) =>
      join(directory(), name),
    ) as [string, string, string];
    execFileSync('mkfifo', [pipe]);
    mkdirSync(folder);
    writeFileSync(large, readFileSync(path('plain.jpg')));
    // Takes no room on the disk.
    truncateSync(large, 300 * 2 ** 20);
    const { labels, unreadable } = await slotsOf([pipe, folder, large, path('plain.jpg')]);
    assert.deepEqual(labels, [-1, -1, -1, 3]);
    assert.match(unreadable.get(pipe) ?? '', /no regular file/);
    assert.match(unreadable.get(folder) ?? '', /no regular file/);
    assert.match(unreadable.get(large) ?? '', /314572800 bytes are more than/);
  });

  it('name files that vanish after they were listed, or may not be read', async () => {
    const files = [
      'a.jpg',
      'vanished.jpg',
      'b.png',
      'vanished.png',
      'locked.jpg',
      'locked.png',
    ].map((name) => join(directory(), 'set', name));
    mkdirSync(join(directory(), 'set'));
    chmodSync(directory(), 0o755);
    for (const file of files) {
      copyFileSync(path(file.endsWith('png') ? 'rgba.png' : 'plain.jpg'), file);
      chmodSync(file, file.includes('locked') ? 0o000 : 0o644);
    }
    await Promise.all(files.filter((file) => file.includes('vanished')).map((file) => rm(file)));
    // The superuser may read everything.
    const isRoot = process.geteuid?.() === 0;
    // Loads what reads images before rights are given up.
    await slotsOf([path('plain.jpg'), path('rgba.png')]);
    if (isRoot) process.seteuid?.(65534);
    let reasons: (string | undefined)[];
    try {
      reasons = await Promise.all(files.map((file) => reasonFor(file)));
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
    assert.deepEqual(
      reasons.map((reason) => /ENOENT|EACCES/.exec(reason ?? '')?.[0]),
      [undefined, 'ENOENT', undefined, 'ENOENT', 'EACCES', 'EACCES'],
    );
    const { labels, unreadable } = await slotsOf(files.slice(0, 4));
    assert.deepEqual(labels, [0, -1, 2, -1]);
    assert.deepEqual([...unreadable.keys()], [files[1], files[3]]);
  });
});
