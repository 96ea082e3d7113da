import assert from 'node:assert/strict';
import { defaultWorkers } from '../../src/session/loaders.js';

describe('the threads that decode by default', () => {
  for (const [name, cores, threads] of [
    ['cpu', 4, 4],
    ['cpu', 16, 4],
    ['cuda', 16, 15],
    ['cuda', 1, 1],
    ['js', 16, 15],
    ['tensorflow', 16, 4],
  ] as const) {
    it(`are ${threads} of ${cores} cores beside backend ${name}`, () => {
      assert.equal(defaultWorkers({ name }, cores), threads);
    });
  }
});
