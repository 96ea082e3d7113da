import assert from 'node:assert/strict';
import {
  cropWindow,
  drawAugmentation,
  fillSlot,
  type Transform,
} from '../../../src/augment/index.js';
import { showImage } from '../../../src/data/batches/show-image.js';
import { isOurs, jpegAddon } from '../../../src/data/decode/jpeg.js';
import { random } from '../../../src/rng.js';

const SIZE = 24;
const plain: Transform = { resize: SIZE, crop: 'centre', size: SIZE, mirror: 0, pad: 0 };
const TRANSFORMS: Transform[] = [
  plain,
  { ...plain, resize: 28, crop: 'random', pad: 2 },
  { ...plain, resize: [24, 60], crop: 'random' },
  { ...plain, crop: 'area' },
];
const SIZES = [
  [1, 1],
  [1, 40],
  [7, 5],
  [24, 24],
  [97, 67],
  [67, 300],
] as const;

describe('what the addon shows of a decoded image', () => {
  for (const channels of [1, 3] as const) {
    it(`is what TypeScript shows of it, with ${channels} channels`, () => {
      assert.ok(!(jpegAddon() instanceof Error));
      const draw = random(channels, 'subset');
      for (const [width, height] of SIZES) {
        const data = Uint8Array.from({ length: width * height * channels }, () => draw.below(256));
        for (const transform of TRANSFORMS) {
          for (let index = 0; index < 5; index++) {
            const draws = drawAugmentation(transform, 1, 0, index);
            const window = cropWindow(transform, width, height, draws);
            for (const shown of [1, 3] as const) {
              const [ours, theirs] = [7, 99].map((byte) =>
                new Uint8Array(new SharedArrayBuffer(SIZE * SIZE * shown)).fill(byte),
              ) as [Uint8Array, Uint8Array];
              const image = { data, width, height, channels };
              showImage(image, window, SIZE, ours, shown);
              fillSlot(image, window, SIZE, theirs, shown);
              assert.deepEqual(ours, theirs, JSON.stringify({ width, height, window, shown }));
            }
          }
        }
      }
    });
  }

  it('needs an addon that has the numbers of a record in the same order', () => {
    const addon = jpegAddon();
    assert.ok(!(addon instanceof Error) && isOurs(addon));
    const facts = addon.jpegFacts();
    const changed = (from: string, to: string) => ({
      ...addon,
      jpegFacts: () => facts.map((fact) => fact.replace(from, to)),
    });
    assert.ok(!isOurs(changed('width, height', 'height, width')));
    assert.ok(!isOurs(changed('268435456', '1')));
    assert.ok(!isOurs({}));
  });

  it('must be inside the image, and the slot must have room', () => {
    const addon = jpegAddon();
    assert.ok(!(addon instanceof Error));
    const pixels = new Uint8Array(4 * 3 * 3);
    const right = [0, 0, 4, 3, 0, 0, 4, 3, 0, 0, 0, 2, 2, 0, 0, 0];
    const show = (change: Record<number, number>, bytes = 12, image = pixels, size = 2) => {
      const record = Float64Array.from(right, (value, field) => change[field] ?? value);
      addon.fillFromPixels(image, record, new Uint8Array(bytes), size, 3);
    };
    show({});
    for (const change of [{ 4: 1 }, { 5: -1 }, { 6: 5 }, { 9: 1 }, { 11: 3 }, { 12: 0 }]) {
      assert.throws(() => show(change), /window within the image/);
    }
    assert.throws(() => show({ 2: 5 }), /1 or 3 channels/);
    assert.throws(() => show({}, 12, pixels.subarray(1)), /1 or 3 channels/);
    assert.throws(() => show({}, 11), /slot/);
    assert.throws(() => show({}, 12, pixels, 0), /slot/);
  });
});
