import assert from 'node:assert/strict';
import sharp from 'sharp';
import { decodePng, encodePng } from '../../../src/data/decode/png.js';
import { asSharp, testImage } from '../images.js';

describe('PNG', () => {
  for (const channels of [1, 3] as const) {
    it(`of ${channels} channels comes back as it was written`, () => {
      const image = testImage(37, 21, channels);
      assert.deepEqual(decodePng(encodePng(image)), image);
    });

    it(`of ${channels} channels is read by sharp as it was written`, async () => {
      const image = testImage(37, 21, channels);
      const decoded = sharp(encodePng(image)).toColourspace(channels === 1 ? 'b-w' : 'srgb');
      assert.deepEqual(new Uint8Array(await decoded.raw().toBuffer()), image.data);
    });

    it(`of ${channels} channels with every filter is read as sharp wrote it`, async () => {
      const image = testImage(64, 48, channels);
      const file = await asSharp(image).png({ adaptiveFiltering: true }).toBuffer();
      assert.deepEqual(decodePng(file), image);
    });
  }

  it('of another kind is left to sharp', async () => {
    const image = asSharp(testImage(20, 20, 3));
    assert.equal(decodePng(await image.clone().png({ palette: true }).toBuffer()), undefined);
    assert.equal(decodePng(await image.clone().png({ progressive: true }).toBuffer()), undefined);
    assert.equal(decodePng(await image.clone().ensureAlpha().png().toBuffer()), undefined);
    assert.equal(decodePng(await image.clone().jpeg().toBuffer()), undefined);
    assert.equal(decodePng(Buffer.alloc(0)), undefined);
  });

  it('that is cut off is named as truncated', () => {
    const file = encodePng(testImage(20, 20, 3));
    for (const length of [33, 60, file.length - 13, file.length - 1]) {
      assert.throws(() => decodePng(file.subarray(0, length)), /truncated/);
    }
  });

  it('with a changed byte fails its checksum', () => {
    const file = encodePng(testImage(20, 20, 3));
    file[80] = (file[80] as number) ^ 1;
    assert.throws(() => decodePng(file), /checksum of its IDAT chunk/);
    file.write('\x1b[2J', 12, 'latin1');
    assert.throws(() => decodePng(file), /checksum of its \\x1B\[2J chunk/);
  });
});
