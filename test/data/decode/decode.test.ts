import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { ImageLocation } from '../../../src/data/dataset.js';
import { readChannels, readImage } from '../../../src/data/decode/decode.js';
import { wholeFile } from '../../../src/data/decode/read-bytes.js';
import { asSharp, temporaryDirectory, testImage } from '../images.js';

function meanDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] as number) - (b[i] as number));
  return sum / a.length;
}

describe('reading an image', () => {
  const directory = temporaryDirectory();
  function save(name: string, bytes: Uint8Array): ImageLocation {
    const file = join(directory(), name);
    writeFileSync(file, bytes);
    return wholeFile(file);
  }

  it('in JPEG or WebP gives nearly the pixels that were stored', async () => {
    const image = testImage(48, 40, 3);
    for (const stored of [
      asSharp(image).jpeg({ quality: 98, chromaSubsampling: '4:4:4' }),
      asSharp(image).webp({ lossless: true }),
    ]) {
      const read = await readImage(save('stored', await stored.toBuffer()));
      assert.ok(meanDifference(read.data, image.data) < 1.5);
    }
  });

  it('of another kind says which, where the file is something usual', async () => {
    const others: readonly [text: string, found: RegExp][] = [
      ['version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n', /a pointer of Git LFS$/],
      ['<!DOCTYPE html><html>', /a web page$/],
      ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', /an XML document$/],
      ['\x1f\x8b\x08', /compressed with gzip$/],
      ['text', /PNM file$/],
    ];
    for (const [text, found] of others) {
      await assert.rejects(readImage(save('1.jpg', Buffer.from(text, 'latin1'))), found);
    }
  });

  it('does not turn it by its EXIF orientation', async () => {
    const image = asSharp(testImage(48, 40, 3)).withMetadata({ orientation: 6 });
    const read = await readImage(save('turned.jpg', await image.jpeg().toBuffer()));
    assert.deepEqual([read.width, read.height], [48, 40]);
  });

  it('drops alpha without blending', async () => {
    const { data, width, height } = testImage(200, 160, 3);
    const rgba = new Uint8Array(width * height * 4);
    for (let pixel = 0; pixel < width * height; pixel++) {
      rgba.set(data.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
      rgba[pixel * 4 + 3] = (pixel * 37) % 256;
    }
    const image = sharp(rgba, { raw: { width, height, channels: 4 } });
    const file = save('alpha.png', await image.png().toBuffer());
    assert.deepEqual(new Uint8Array((await readImage(file)).data), data);
  });

  it('cuts grey of 16 bits off at 255, as Pillow does', async () => {
    const words = Uint16Array.from({ length: 30 * 20 }, (_, i) => (i % 3 ? i % 256 : i * 97));
    const raw = { width: 30, height: 20, channels: 1 as const, depth: 'ushort' as const };
    const bytes = await sharp(words, { raw }).toColourspace('grey16').png().toBuffer();
    const read = await readImage(save('deep.png', bytes));
    assert.equal(read.channels, 1);
    assert.equal(read.data.length, words.length);
    assert.deepEqual(
      read.data,
      Uint8Array.from(words, (word) => Math.min(word, 255)),
    );
  });

  it('converts CMYK to RGB', async () => {
    const image = testImage(48, 40, 3);
    const bytes = await asSharp(image).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    assert.equal((await sharp(bytes).metadata()).space, 'cmyk');
    const read = await readImage(save('cmyk.jpg', bytes));
    assert.equal(read.channels, 3);
    assert.ok(meanDifference(read.data, image.data) < 25);
  });

  it('tells grey from colour, palettes and single bits included', async () => {
    const grey = asSharp(testImage(20, 20, 1));
    const colour = asSharp(testImage(20, 20, 3));
    for (const [image, channels] of [
      [grey.clone().jpeg(), 1],
      [grey.clone().png(), 1],
      [colour.clone().png({ palette: true }), 3],
      [colour.clone().jpeg(), 3],
    ] as const) {
      const file = save('kind', await image.toBuffer());
      assert.equal(await readChannels(file), channels);
      assert.equal((await readImage(file)).channels, channels);
    }
  });

  it('that is cut off, empty, text or missing says so', async () => {
    const noise = Uint8Array.from({ length: 200 * 200 * 3 }, (_, i) => (i * i) % 253);
    const image = sharp(noise, { raw: { width: 200, height: 200, channels: 3 } });
    const jpeg = await image.clone().jpeg().toBuffer();
    const deep = await image.clone().png({ palette: true }).toBuffer();
    const webp = await image.clone().webp().toBuffer();
    for (const [name, bytes] of Object.entries({ jpeg, deep, webp })) {
      await readImage(save(name, bytes));
      for (const part of [0.2, 0.6, 0.95]) {
        const cut = save(name, bytes.subarray(0, bytes.length * part));
        await assert.rejects(readImage(cut), `${name} cut to ${part}`);
      }
    }
    await assert.rejects(readImage(save('empty.jpg', Buffer.alloc(0))), /empty/);
    await assert.rejects(readImage(save('text.jpg', Buffer.from('hello'))), /unsupported/);
    await assert.rejects(readImage(wholeFile(join(directory(), 'missing.jpg'))), /ENOENT/);
  });

  it('that is cut off gets its own reason, where others fail at the same time', async () => {
    const jpeg = await asSharp(testImage(90, 80, 3))
      .jpeg()
      .toBuffer();
    const cut = save('cut.jpg', jpeg.subarray(0, -200));
    const reasonOf = () =>
      readImage(cut).then(
        () => assert.fail(),
        (error: Error) => error.message,
      );
    const alone = await reasonOf();
    for (let round = 0; round < 20; round++) {
      const reasons = await Promise.all(Array.from({ length: 4 }, reasonOf));
      assert.deepEqual(reasons, Array(4).fill(alone));
    }
  });
});
