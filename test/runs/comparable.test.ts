import assert from 'node:assert/strict';
import { sameImages } from '../../src/runs/comparable.js';
import type { RunRecord } from '../../src/runs/run-directory.js';

describe('the images of two runs', () => {
  const data = (fingerprint: string, evaluation?: string): RunRecord['data'] => ({
    ...{ name: 'd', root: '/d', fingerprint, training: 1, validation: 1, classes: ['a', 'b'] },
    ...(evaluation === undefined ? {} : { evaluation }),
  });

  it('are the same where only the draw of the training images differs', () => {
    assert.equal(sameImages(data('one', 'e'), data('two', 'e')), true);
    assert.equal(sameImages(data('one', 'e'), data('two', 'f')), false);
  });

  it('are those of the fingerprint in the first runs', () => {
    assert.equal(sameImages(data('one'), data('one')), true);
    assert.equal(sameImages(data('one'), data('one', 'e')), true);
    assert.equal(sameImages(data('one'), data('two')), false);
    assert.equal(sameImages(data('one'), data('two', 'e')), false);
  });
});
