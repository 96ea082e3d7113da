import assert from 'node:assert/strict';
import { float32ToHalf, toFloat32 } from '../../src/weights/number-types.js';

describe('float16', () => {
  const words = Uint16Array.from({ length: 0x7c00 }, (_, word) => word);
  const values = toFloat32('f16', new Uint8Array(words.buffer));

  it('comes back from float32, with its sign', () => {
    assert.deepEqual(float32ToHalf(values), words);
    const negative = float32ToHalf(values.map((value) => -value));
    assert.deepEqual(
      negative,
      words.map((word) => word | 0x8000),
    );
  });

  it('is the nearest number, and the even one of two', () => {
    for (let at = 0; at + 1 < values.length; at++) {
      const [low, high] = [values[at] as number, values[at + 1] as number];
      const middle = (low + high) / 2;
      const step = middle * 2 ** -23;
      const found = float32ToHalf(Float32Array.of(middle - step, middle, middle + step));
      assert.deepEqual([...found], [at, at + (at & 1), at + 1], `${low} to ${high}`);
    }
  });

  it('is infinite beyond its range, and knows what is no number', () => {
    const found = float32ToHalf(
      Float32Array.of(65_504, 65_519, 65_520, 1e30, Number.NEGATIVE_INFINITY, Number.NaN),
    );
    assert.deepEqual([...found], [0x7bff, 0x7bff, 0x7c00, 0x7c00, 0xfc00, 0x7e00]);
  });
});
