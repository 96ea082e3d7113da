import assert from 'node:assert/strict';
import {
  checkTransform,
  copyWindow,
  cropWindow,
  drawAugmentation,
  type Picture,
  type Transform,
} from '../../src/augment/index.js';
import { UsageError } from '../../src/errors.js';

const centre: Transform = { resize: 8, crop: 'centre', size: 5, mirror: false, pad: 0 };
const shifts: Transform = { resize: 28, crop: 'random', size: 28, mirror: true, pad: 2 };

/** Pixel (row, column) of channel c has the value 1 + 10·row + column + 100·c. */
function numbered(width: number, height: number, channels: 1 | 3): Picture {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    return 1 + 10 * Math.floor(pixel / width) + (pixel % width) + 100 * (i % channels);
  });
  return { data, width, height, channels };
}

describe('crop', () => {
  it('centres with half pixels to the even side, as torchvision does', () => {
    assert.deepEqual(cropWindow(centre, 8, 10, 0, 0), { left: 2, top: 2 });
    assert.deepEqual(cropWindow({ ...centre, size: 7 }, 8, 10, 0, 0), { left: 0, top: 2 });
  });

  it('copies exactly the window', () => {
    const target = new Uint8Array(4);
    copyWindow(numbered(5, 4, 1), { left: 2, top: 1 }, 2, target, 1);
    assert.deepEqual([...target], [13, 14, 23, 24]);
    const colours = new Uint8Array(12);
    copyWindow(numbered(5, 2, 3), { left: 3, top: 0 }, 2, colours, 3);
    assert.deepEqual([...colours], [4, 104, 204, 5, 105, 205, 14, 114, 214, 15, 115, 215]);
  });

  it('fills what lies outside the picture with zeros', () => {
    const target = new Uint8Array(16).fill(77);
    copyWindow(numbered(2, 2, 1), { left: -1, top: -1 }, 4, target, 1);
    assert.deepEqual([...target], [0, 0, 0, 0, 0, 1, 2, 0, 0, 11, 12, 0, 0, 0, 0, 0]);
  });

  it('repeats grey to RGB and turns RGB to grey as Pillow does', () => {
    const colours = new Uint8Array(3);
    copyWindow(numbered(1, 1, 1), { left: 0, top: 0 }, 1, colours, 3);
    assert.deepEqual([...colours], [1, 1, 1]);
    const data = Uint8Array.from([10, 200, 30, 255, 0, 0, 1, 2, 3, 77, 150, 29]);
    const grey = new Uint8Array(4);
    copyWindow({ data, width: 2, height: 2, channels: 3 }, { left: 0, top: 0 }, 2, grey, 1);
    assert.deepEqual([...grey], [124, 76, 2, 114]);
  });

  it('refuses a crop that does not fit', () => {
    assert.throws(() => checkTransform({ ...centre, size: 9 }), UsageError);
    assert.throws(() => checkTransform({ ...centre, size: 2.5 }), /whole number/);
    checkTransform({ ...shifts, size: 32 });
  });
});

describe('random augmentation', () => {
  it('reaches every place and both mirrors equally often', () => {
    const count = 50_000;
    const left = new Map<number, number>();
    const top = new Map<number, number>();
    let mirrored = 0;
    let product = 0;
    for (let index = 0; index < count; index++) {
      const { x, y, mirror } = drawAugmentation(shifts, 1, 0, index);
      const window = cropWindow(shifts, 28, 28, x, y);
      left.set(window.left, (left.get(window.left) ?? 0) + 1);
      top.set(window.top, (top.get(window.top) ?? 0) + 1);
      mirrored += Number(mirror);
      product += window.left * window.top;
    }
    for (const places of [left, top]) {
      assert.deepEqual(
        [...places.keys()].sort((a, b) => a - b),
        [-2, -1, 0, 1, 2],
      );
      for (const times of places.values()) assert.ok(Math.abs(times / count - 0.2) < 0.01);
    }
    assert.ok(Math.abs(mirrored / count - 0.5) < 0.01);
    assert.ok(Math.abs(product / count) < 0.05, 'left and top are independent');
  });

  it('depends on seed, epoch and index alone', () => {
    const draws = drawAugmentation(shifts, 1, 2, 3);
    assert.deepEqual(drawAugmentation(shifts, 1, 2, 3), draws);
    assert.notEqual(drawAugmentation(shifts, 2, 2, 3).x, draws.x);
    assert.notEqual(drawAugmentation(shifts, 1, 3, 3).x, draws.x);
    assert.notEqual(drawAugmentation(shifts, 1, 2, 4).x, draws.x);
  });

  it('keeps the crop when mirroring is turned off', () => {
    const { x, y } = drawAugmentation(shifts, 1, 2, 3);
    const plain = drawAugmentation({ ...shifts, mirror: false }, 1, 2, 3);
    assert.deepEqual(plain, { x, y, mirror: false });
  });

  it('leaves a centre crop without mirror alone', () => {
    assert.deepEqual(drawAugmentation(centre, 1, 2, 3), { x: 0, y: 0, mirror: false });
  });
});
