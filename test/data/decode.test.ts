import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { type Picture, resizedSize } from '../../src/augment/index.js';
import { readChannels, readPicture } from '../../src/data/decode.js';
import { asSharp, temporaryDirectory, testPicture } from './pictures.js';

/** Bilinear with antialias, straight from the definition: a triangle over each target pixel. */
function reference(picture: Picture, width: number, height: number): Float64Array {
  const weights = (from: number, to: number, at: number) => {
    const support = Math.max(1, from / to);
    const centre = ((at + 0.5) * from) / to;
    const row = Array.from({ length: from }, (_, i) =>
      Math.max(0, 1 - Math.abs(i + 0.5 - centre) / support),
    );
    const sum = row.reduce((total, weight) => total + weight, 0);
    return row.map((weight) => weight / sum);
  };
  const { data, channels } = picture;
  const result = new Float64Array(width * height * channels);
  const across = Array.from({ length: width }, (_, x) => weights(picture.width, width, x));
  for (let y = 0; y < height; y++) {
    const rows = weights(picture.height, height, y);
    for (let x = 0; x < width; x++) {
      const columns = across[x] as number[];
      for (const [row, down] of rows.entries()) {
        if (down === 0) continue;
        for (const [column, share] of columns.entries()) {
          for (let c = 0; share > 0 && c < channels; c++) {
            const value = data[(row * picture.width + column) * channels + c] as number;
            const at = (y * width + x) * channels + c;
            result[at] = (result[at] as number) + down * share * value;
          }
        }
      }
    }
  }
  return result;
}

function meanDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] as number) - (b[i] as number));
  return sum / a.length;
}

describe('reading a picture', () => {
  const directory = temporaryDirectory();
  function save(name: string, bytes: Uint8Array): string {
    const file = join(directory(), name);
    writeFileSync(file, bytes);
    return file;
  }

  for (const [width, height, short] of [
    [200, 150, 64],
    [150, 220, 100],
    [140, 130, 200],
    [40, 30, 64],
    [60, 80, 32],
  ] as const) {
    for (const channels of [1, 3] as const) {
      it(`of ${width}×${height}×${channels} resized to ${short} follows the definition`, async () => {
        const picture = testPicture(width, height, channels, short);
        const file = save('resize.png', await asSharp(picture).png().toBuffer());
        const resized = await readPicture(file, short);
        const size = resizedSize(width, height, short);
        assert.deepEqual([resized.width, resized.height], [size.width, size.height]);
        assert.equal(resized.channels, channels);
        const expected = reference(picture, size.width, size.height);
        const difference = meanDifference(resized.data, expected);
        assert.ok(difference <= 2, `mean difference ${difference}`);
      });
    }
  }

  it('in JPEG or WebP gives nearly the pixels that were stored', async () => {
    const picture = testPicture(48, 40, 3);
    for (const image of [
      asSharp(picture).jpeg({ quality: 98, chromaSubsampling: '4:4:4' }),
      asSharp(picture).webp({ lossless: true }),
    ]) {
      const read = await readPicture(save('stored', await image.toBuffer()), 40);
      assert.ok(meanDifference(read.data, picture.data) < 1.5);
    }
  });

  it('does not turn it by its EXIF orientation', async () => {
    const image = asSharp(testPicture(48, 40, 3)).withMetadata({ orientation: 6 });
    const read = await readPicture(save('turned.jpg', await image.jpeg().toBuffer()), 40);
    assert.deepEqual([read.width, read.height], [48, 40]);
  });

  it('drops alpha without blending, also when it resizes', async () => {
    const { data, width, height } = testPicture(200, 160, 3);
    const rgba = new Uint8Array(width * height * 4);
    for (let pixel = 0; pixel < width * height; pixel++) {
      rgba.set(data.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
      rgba[pixel * 4 + 3] = (pixel * 37) % 256;
    }
    const image = sharp(rgba, { raw: { width, height, channels: 4 } });
    const file = save('alpha.png', await image.png().toBuffer());
    assert.deepEqual(new Uint8Array((await readPicture(file, 160)).data), data);
    const opaque = save(
      'opaque.png',
      await asSharp({ data, width, height, channels: 3 }).png().toBuffer(),
    );
    assert.deepEqual((await readPicture(file, 80)).data, (await readPicture(opaque, 80)).data);
  });

  it('scales 16 bits to 8', async () => {
    const words = Uint16Array.from({ length: 30 * 20 }, (_, i) => (i * 97) % 65536);
    const raw = { width: 30, height: 20, channels: 1 as const, depth: 'ushort' as const };
    const bytes = await sharp(words, { raw }).toColourspace('grey16').png().toBuffer();
    const read = await readPicture(save('deep.png', bytes), 20);
    assert.equal(read.channels, 1);
    assert.equal(read.data.length, words.length);
    for (const [i, word] of words.entries()) {
      const value = read.data[i] as number;
      assert.ok(Math.abs(value - word / 257) <= 1, `${word} became ${value}`);
    }
  });

  it('converts CMYK to RGB', async () => {
    const picture = testPicture(48, 40, 3);
    const bytes = await asSharp(picture).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    assert.equal((await sharp(bytes).metadata()).space, 'cmyk');
    const read = await readPicture(save('cmyk.jpg', bytes), 40);
    assert.equal(read.channels, 3);
    assert.ok(meanDifference(read.data, picture.data) < 25);
  });

  it('tells grey from colour, palettes and single bits included', async () => {
    const grey = asSharp(testPicture(20, 20, 1));
    const colour = asSharp(testPicture(20, 20, 3));
    for (const [image, channels] of [
      [grey.clone().jpeg(), 1],
      [grey.clone().png(), 1],
      [colour.clone().png({ palette: true }), 3],
      [colour.clone().jpeg(), 3],
    ] as const) {
      const file = save('kind', await image.toBuffer());
      assert.equal(await readChannels(file), channels);
      assert.equal((await readPicture(file, 20)).channels, channels);
    }
  });

  it('that is cut off, empty, text or missing says so', async () => {
    const noise = Uint8Array.from({ length: 200 * 200 * 3 }, (_, i) => (i * i) % 253);
    const image = sharp(noise, { raw: { width: 200, height: 200, channels: 3 } });
    const jpeg = await image.clone().jpeg().toBuffer();
    const deep = await image.clone().png({ palette: true }).toBuffer();
    const webp = await image.clone().webp().toBuffer();
    for (const [name, bytes] of Object.entries({ jpeg, deep, webp })) {
      await readPicture(save(name, bytes), 100);
      for (const part of [0.2, 0.6, 0.95]) {
        const cut = save(name, bytes.subarray(0, bytes.length * part));
        await assert.rejects(readPicture(cut, 100), `${name} cut to ${part}`);
      }
    }
    await assert.rejects(readPicture(save('empty.jpg', Buffer.alloc(0)), 100), /empty/);
    await assert.rejects(readPicture(save('text.jpg', Buffer.from('hello')), 100), /unsupported/);
    await assert.rejects(readPicture(join(directory(), 'missing.jpg'), 100), /ENOENT/);
  });
});
