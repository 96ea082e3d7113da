import assert from 'node:assert/strict';
import { clock, duration } from '../src/time.js';

describe('times for people', () => {
  for (const [seconds, text] of [
    [-3, '0s'],
    [0.4, '0s'],
    [59.4, '59s'],
    [59.6, '1m00s'],
    [440, '7m20s'],
    [3599.7, '1h00m'],
    [9060, '2h31m'],
    [86_399, '1d0h'],
    [273_600, '3d4h'],
  ] as const) {
    it(`shows ${seconds} seconds as ${text}`, () => assert.equal(duration(seconds), text));
  }

  const now = new Date(2026, 10, 27, 14, 5);
  for (const [time, text] of [
    [new Date(2026, 10, 27, 14, 32), '14:32'],
    [new Date(2026, 10, 27, 23, 59), '23:59'],
    [new Date(2026, 10, 28, 0, 3), 'Sat 00:03'],
    [new Date(2026, 11, 3, 9, 7), 'Thu 09:07'],
    [new Date(2026, 11, 4, 9, 7), '4 Dec 09:07'],
  ] as const) {
    it(`shows when work ends: ${text}`, () => assert.equal(clock(time, now), text));
  }
});
