import assert from 'node:assert/strict';
import type { Mix } from '../../src/augment/index.js';
import { UsageError } from '../../src/errors.js';
import { checkLoss, mixedTargets, mixingOf } from '../../src/session/mixing.js';

const box = { left: 0, top: 0, right: 8, bottom: 8 };
const mixOf = (share: number): Mix => ({ box, shareInBox: share, share });

describe('targets of mixed images', () => {
  it('are the shares of an image and of the one before it, the larger first', () => {
    const labels = Int32Array.of(4, 1, 2);
    const { shares, ...targets } = mixedTargets(labels, mixOf(0.75), null);
    assert.deepEqual(targets, { labels, others: Int32Array.of(2, 4, 1) });
    assert.deepEqual([...shares], [0.75, 0.25, 0.75, 0.25, 0.75, 0.25]);
    const { shares: smaller, ...turned } = mixedTargets(labels, mixOf(0.25), null);
    assert.deepEqual(turned, { labels: Int32Array.of(2, 4, 1), others: labels });
    assert.deepEqual([...smaller], [0.75, 0.25, 0.75, 0.25, 0.75, 0.25]);
  });

  it('are single ones without a label, without that of the other, and of equal labels', () => {
    const labels = Int32Array.of(4, -1, 2, 2, 5);
    const { shares, ...targets } = mixedTargets(labels, mixOf(0.5), null);
    assert.deepEqual([...targets.labels], [4, -1, 2, 2, 5]);
    assert.deepEqual([...targets.others], [5, -1, -1, -1, 2]);
    assert.deepEqual([...shares], [0.5, 0.5, 1, 0, 1, 0, 1, 0, 0.5, 0.5]);
  });

  it('are whole above a threshold', () => {
    const shares = (share: number) => [
      ...mixedTargets(Int32Array.of(0, 1), mixOf(share), 0.2).shares.subarray(0, 2),
    ];
    assert.deepEqual(
      [shares(0.7), shares(0.9), shares(0.1)],
      [
        [1, 1],
        [1, 0],
        [1, 0],
      ],
    );
  });
});

describe('settings of mixing', () => {
  const none = { mixupAlpha: 0, cutmixAlpha: 0, repeatedAugmentation: 1, batchSize: 8 };

  it('refuse what has no sense', () => {
    const refused = (settings: Partial<typeof none>, message: RegExp) => {
      assert.throws(
        () => mixingOf({ ...none, ...settings }),
        (error) => error instanceof UsageError && message.test(error.message),
      );
    };
    refused({ mixupAlpha: 0.2, batchSize: 1 }, /--mixup-alpha mixes the images of a step/);
    refused({ cutmixAlpha: 1, batchSize: 1 }, /--cutmix-alpha .* expected 2 or more/);
    refused({ repeatedAugmentation: 9 }, /--repeated-augmentation to be at most 8/);
    assert.throws(() => checkLoss({ bceLoss: false, bceTargetThresh: 0.2 }), /add --bce-loss/);
    checkLoss({ bceLoss: true, bceTargetThresh: 0.2 });
  });
});
