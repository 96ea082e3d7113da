import assert from 'node:assert/strict';
import { fillSlot, type Window } from '../../src/augment/index.js';
import { numbered } from './images.js';

/** A crop, pixel for pixel. */
function crop(left: number, top: number, width: number, height = width): Window {
  const out = { outLeft: 0, outTop: 0, outWidth: width, outHeight: height };
  return { left, top, width, height, clipped: false, ...out };
}

describe('a slot', () => {
  it('holds exactly the window', () => {
    const target = new Uint8Array(4);
    fillSlot(numbered(5, 4, 1), crop(2, 1, 2), 2, target, 1);
    assert.deepEqual([...target], [13, 14, 23, 24]);
    const colours = new Uint8Array(12);
    fillSlot(numbered(5, 2, 3), crop(3, 0, 2), 2, colours, 3);
    assert.deepEqual([...colours], [4, 104, 204, 5, 105, 205, 14, 114, 214, 15, 115, 215]);
  });

  it('is zero around the window', () => {
    const target = new Uint8Array(16).fill(77);
    fillSlot(numbered(2, 2, 1), { ...crop(0, 0, 2), outLeft: 1, outTop: 1 }, 4, target, 1);
    assert.deepEqual([...target], [0, 0, 0, 0, 0, 1, 2, 0, 0, 11, 12, 0, 0, 0, 0, 0]);
    const enlarged = new Uint8Array(16).fill(77);
    const window = { ...crop(1, 1, 1), outLeft: 2, outTop: 0, outWidth: 2, outHeight: 3 };
    fillSlot(numbered(2, 2, 1), { ...window, clipped: true }, 4, enlarged, 1);
    assert.deepEqual([...enlarged], [0, 0, 12, 12, 0, 0, 12, 12, 0, 0, 12, 12, 0, 0, 0, 0]);
  });

  it('repeats grey to RGB and turns RGB to grey as Pillow does', () => {
    const colours = new Uint8Array(3);
    fillSlot(numbered(1, 1, 1), crop(0, 0, 1), 1, colours, 3);
    assert.deepEqual([...colours], [1, 1, 1]);
    const data = Uint8Array.from([10, 200, 30, 255, 0, 0, 1, 2, 3, 77, 150, 29]);
    const grey = new Uint8Array(4);
    fillSlot({ data, width: 2, height: 2, channels: 3 }, crop(0, 0, 2), 2, grey, 1);
    assert.deepEqual([...grey], [124, 76, 2, 114]);
  });
});
