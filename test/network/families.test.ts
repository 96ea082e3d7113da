/** Whole networks of every family, narrow and on small images, against tfjs's tape. */
import assert from 'node:assert/strict';
import { architectures } from '../../src/archs/index.js';
import { onEachBackend, timeLimit } from './backends.js';
import { NETWORKS, narrow } from './narrow.js';
import { assertParity } from './parity.js';

describe('A network has the gradients of tfjs', function () {
  // Seconds each, but more on a machine that is busy otherwise.
  this.timeout(timeLimit(300_000));

  it('for every network of the catalogue, by itself or by one of the same parts', () => {
    const tested = NETWORKS.flatMap(({ name, like = [] }) => [name, ...like]);
    assert.deepEqual(tested.sort(), architectures.map(({ name }) => name).sort());
  });

  onEachBackend((backend) => {
    // Batch normalisation over eight values magnifies rounding a thousandfold in f32. In bf16 that,
    // and pooling that takes another of two rounded candidates, leave nothing to compare but the
    // end of the network; each rule is held to 2 % by itself.
    const options =
      backend.precision === 'bf16'
        ? { tolerance: 0.2, logitsTolerance: 1e-2, headsAlone: true }
        : { tolerance: 5e-3, logitsTolerance: 1e-5 };
    for (const { name, size, share } of NETWORKS) {
      it(`${name}, narrow, at ${size} pixels`, () => {
        const build = () => narrow(name, size, share);
        const settings = { ...options, cacheKey: name, batch: 2, byNorm: true };
        assertParity(backend, build, settings);
      });
    }
  });
});
