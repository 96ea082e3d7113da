import assert from 'node:assert/strict';
import { philox4x32, random, shuffledIndices, type Words4 } from '../src/rng.js';

const ONES = 0xffffffff;

describe('random numbers', () => {
  // kat_vectors of Random123, philox4x32 with 10 rounds.
  const vectors: [string, Words4, [number, number], string][] = [
    ['zeros', [0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ones', [ONES, ONES, ONES, ONES], [ONES, ONES], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [
      'the digits of pi',
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    ],
  ];
  for (const [name, counter, key, expected] of vectors) {
    it(`agree with the known answer for ${name}`, () => {
      const words = philox4x32(counter, key);
      const text = words.map((word) => word.toString(16).padStart(8, '0')).join(' ');
      assert.equal(text, expected);
    });
  }

  it('depend on seed, purpose and both indices', () => {
    const draws = [
      random(1, 'order', 2, 3).word(),
      random(2, 'order', 2, 3).word(),
      random(1, 'augment', 2, 3).word(),
      random(1, 'order', 3, 3).word(),
      random(1, 'order', 2, 4).word(),
    ];
    assert.equal(new Set(draws).size, draws.length);
    assert.equal(random(1, 'order', 2, 3).word(), draws[0]);
  });

  it('are uniform in [0, 1) and normal with variance 1', () => {
    const draw = random(5, 'weights');
    let uniform = 0;
    let normal = 0;
    let squares = 0;
    const count = 20_000;
    for (let i = 0; i < count; i++) {
      uniform += draw.uniform() / count;
      const value = draw.normal();
      normal += value / count;
      squares += value ** 2 / count;
    }
    assert.ok(Math.abs(uniform - 0.5) < 0.01);
    assert.ok(Math.abs(normal) < 0.03);
    assert.ok(Math.abs(squares - 1) < 0.05);
  });

  it('shuffle every index into an order of its own for each epoch', () => {
    const first = shuffledIndices(1000, 1, 0);
    const second = shuffledIndices(1000, 1, 1);
    assert.deepEqual(
      [...first].sort((a, b) => a - b),
      Array.from({ length: 1000 }, (_, i) => i),
    );
    assert.notDeepEqual(first, second);
    assert.deepEqual(first, shuffledIndices(1000, 1, 0));
  });
});
