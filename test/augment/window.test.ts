import assert from 'node:assert/strict';
import {
  checkTransform,
  cropWindow,
  drawAugmentation,
  resizedSize,
  type Transform,
} from '../../src/augment/index.js';
import { UsageError } from '../../src/errors.js';

const centre: Transform = { resize: 8, crop: 'centre', size: 5, mirror: 0, pad: 0 };
const shifts: Transform = { resize: 28, crop: 'random', size: 28, mirror: 0.5, pad: 2 };
const still = drawAugmentation(centre, 0, 0, 0);

describe('window', () => {
  it('brings the short side to the size and rounds the long side down', () => {
    assert.deepEqual(resizedSize(500, 375, 256), { width: 341, height: 256 });
    assert.deepEqual(resizedSize(375, 500, 256), { width: 256, height: 341 });
    assert.deepEqual(resizedSize(28, 28, 32), { width: 32, height: 32 });
  });

  it('centres with half pixels to the even side, as torchvision does', () => {
    const { left, top } = cropWindow(centre, 8, 10, still);
    assert.deepEqual({ left, top }, { left: 2, top: 2 });
    const seven = cropWindow({ ...centre, size: 7 }, 8, 10, still);
    assert.deepEqual([seven.left, seven.top], [0, 2]);
  });

  it('is the box that the crop of the resized image was', () => {
    assert.deepEqual(cropWindow({ ...centre, resize: 4, size: 2 }, 8, 10, still), {
      left: 2,
      top: 4,
      width: 4,
      height: 4,
      clipped: false,
      outLeft: 0,
      outTop: 0,
      outWidth: 2,
      outHeight: 2,
    });
  });

  it('ends where the image ends', () => {
    const { left, top, width, height, ...rest } = cropWindow(shifts, 28, 28, {
      ...still,
      x: 0,
      y: 0.999,
    });
    assert.deepEqual([left, top, width, height], [0, 2, 26, 26]);
    assert.deepEqual(rest, { clipped: false, outLeft: 2, outTop: 0, outWidth: 26, outHeight: 26 });
  });

  it('refuses a transform that cannot be', () => {
    assert.throws(() => checkTransform({ ...centre, size: 9 }), UsageError);
    assert.throws(() => checkTransform({ ...centre, size: 2.5 }), /whole number/);
    assert.throws(() => checkTransform({ ...centre, resize: [4, 8] }), /resized to 4/);
    assert.throws(() => checkTransform({ ...centre, resize: [9, 8] }), /from 9 but received 8/);
    checkTransform({ ...shifts, size: 32 });
    assert.throws(() => checkTransform({ ...centre, mirror: 1.1 }), /probability/);
    assert.throws(() => checkTransform({ ...centre, mirror: Number.NaN }), /probability/);
    assert.throws(() => checkTransform({ ...centre, colour: -0.1 }), /at least 0/);
    for (const area of [
      [0, 1],
      [0.5, 0.4],
      [0.5, 1.5],
    ] as const) {
      assert.throws(() => checkTransform({ ...centre, crop: 'area', area }), /area/);
    }
    assert.throws(() => checkTransform({ ...centre, crop: 'area', aspect: [2, 1] }), /aspect/);
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
      const draws = drawAugmentation(shifts, 1, 0, index);
      const window = cropWindow(shifts, 28, 28, draws);
      const across = window.left - window.outLeft;
      const down = window.top - window.outTop;
      left.set(across, (left.get(across) ?? 0) + 1);
      top.set(down, (top.get(down) ?? 0) + 1);
      mirrored += Number(draws.mirror);
      product += across * down;
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
    const draws = drawAugmentation(shifts, 1, 2, 3);
    const plain = drawAugmentation({ ...shifts, mirror: 0 }, 1, 2, 3);
    assert.deepEqual(plain, { ...draws, mirror: false });
  });

  it('leaves a centre crop without mirror alone', () => {
    const { x, y, mirror } = drawAugmentation(centre, 1, 2, 3);
    assert.deepEqual([x, y, mirror], [0, 0, false]);
  });
});
