import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {
  colourOffset,
  cropWindow,
  drawAugmentation,
  fillSlot,
  IMAGENET_PRINCIPAL_COLOURS,
  type Image,
  resizedSize,
  type Transform,
  type Window,
} from '../../src/augment/index.js';
import { imagesToFloat } from '../../src/network/images.js';
import { readGoldens } from './goldens.js';
import { patterned } from './images.js';

const goldens = readGoldens();
const still = drawAugmentation(centred(1, 1), 0, 0, 0);

function centred(resize: number, size: number): Transform {
  return { resize, crop: 'centre', size, mirror: 0, pad: 0 };
}

/** The window of a crop at a place of the image that is resized to a short side. */
function placedCrop(
  { width, height }: Image,
  short: number,
  left: number,
  top: number,
  size: number,
): Window {
  const resized = resizedSize(width, height, short);
  const draws = {
    ...still,
    x: (left + 0.5) / (resized.width - size + 1),
    y: (top + 0.5) / (resized.height - size + 1),
  };
  return cropWindow({ ...centred(short, size), crop: 'random' }, width, height, draws);
}

function slotOf(image: Image, window: Window, size: number): Uint8Array {
  const slot = new Uint8Array(size * size * image.channels);
  fillSlot(image, window, size, slot, image.channels);
  return slot;
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The numbers of a row, the image they begin with, and the digest at the end. */
function unpack(row: readonly (number | string)[]) {
  const [width, height, channels, ...numbers] = row.slice(0, -1) as number[];
  const image = patterned(width as number, height as number, channels as 1 | 3);
  return { image, numbers, expected: row.at(-1) as string };
}

describe('pixels are those of torchvision and Pillow, bit for bit,', () => {
  for (const row of goldens.crops) {
    it(`resized, cropped at a place: ${row.slice(0, -1).join(' ')}`, () => {
      const { image, numbers, expected } = unpack(row);
      const [short = 0, left = 0, top = 0, size = 0] = numbers;
      const window = placedCrop(image, short, left, top, size);
      assert.equal(digest(slotOf(image, window, size)), expected);
    });
  }

  for (const row of goldens.centres) {
    it(`resized, cropped in the centre: ${row.slice(0, -1).join(' ')}`, () => {
      const { image, numbers, expected } = unpack(row);
      const [short = 0, size = 0] = numbers;
      const window = cropWindow(centred(short, size), image.width, image.height, still);
      assert.equal(digest(slotOf(image, window, size)), expected);
    });
  }

  for (const row of goldens.boxes) {
    it(`cropped, then resized: ${row.slice(0, -1).join(' ')}`, () => {
      const { image, numbers, expected } = unpack(row);
      const [left = 0, top = 0, width = 0, height = 0, size = 0] = numbers;
      const out = { outLeft: 0, outTop: 0, outWidth: size, outHeight: size };
      const window = { left, top, width, height, clipped: true, ...out };
      assert.equal(digest(slotOf(image, window, size)), expected);
    });
  }

  it('and the network sees the floats of ToTensor, Lighting and Normalize', async () => {
    await tf.setBackend('cpu');
    const image = patterned(50, 40, 3);
    const slot = slotOf(image, placedCrop(image, 16, 3, 2, 6), 6);
    const offset = colourOffset(IMAGENET_PRINCIPAL_COLOURS, 1, goldens.alphas);
    const colours = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    const bytes = tf.tensor4d(slot, [1, 6, 6, 3], 'bool');
    const images = imagesToFloat(bytes, Uint8Array.of(1), colours, Float32Array.from(offset));
    const values = images.dataSync();
    for (const [index, expected] of goldens.normalised.entries()) {
      assert.ok(Math.abs((values[index] as number) - expected) < 5e-6, `value ${index}`);
    }
    assert.equal(values.length, goldens.normalised.length);
    tf.dispose([bytes, images]);
  });
});
