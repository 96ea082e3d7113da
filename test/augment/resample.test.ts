import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { resample } from '../../src/augment/resample.js';
import { patterned, wholeImage } from './images.js';

describe('resample', () => {
  // Image.frombytes(…).resize(…, Image.BILINEAR) of Pillow 12 on the same bytes.
  // biome-ignore format: a table
  const pillow: [number, number, 1 | 3, number, number, string][] = [
    [28, 28, 1, 256, 256, '86fe1204af497e4531ae1421b51f2e42d4760cd706b8eea933cb23cf584847d4'],
    [7, 5, 3, 4, 3, '24b2dafd523c13549bc62c955b569f45905bf70f56dc52e18189ed04e55662e1'],
    [5, 4, 1, 8, 6, 'eb94a8707b9ed133080b346c726cd9483a31371172fa5f9b3dfd7662599ac3f3'],
    [64, 48, 3, 32, 24, '10eabaab5c73823d0f0440abb8875d4cd6f460d2d4aa998195bbaca0a2e9b11c'],
    [1, 3, 1, 4, 12, '89c74f46640bb08180c1f6bfea24c0d34111afa6174f682b34197d6c35afce92'],
    [100, 37, 3, 86, 32, 'f83854349b16c1d678b8be8e05954b28bec2bd0e307c557efc7f7754a39ea2ac'],
  ];
  for (const [width, height, channels, toWidth, toHeight, expected] of pillow) {
    it(`makes Pillow's bytes of ${width}×${height}×${channels} at ${toWidth}×${toHeight}`, () => {
      const image = patterned(width, height, channels);
      const resized = resample(image, wholeImage(image, toWidth, toHeight));
      assert.equal(createHash('sha256').update(resized.data).digest('hex'), expected);
    });
  }
});
