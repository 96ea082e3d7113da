import assert from 'node:assert/strict';
import { drawBeta, drawShares } from '../../src/augment/distributions.js';
import { cutBox, drawMix } from '../../src/augment/mixing.js';
import { random } from '../../src/rng.js';

describe('mixing of images', () => {
  for (const alpha of [0.01, 0.2, 1, 4]) {
    it(`draws shares from Beta(${alpha}, ${alpha})`, () => {
      const draw = random(1, 'mixing');
      const shares = Array.from({ length: 20_000 }, () => drawBeta(alpha, draw));
      assert.ok(shares.every((share) => share >= 0 && share <= 1));
      const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
      const squares = shares.reduce((sum, share) => sum + (share - 0.5) ** 2, 0) / shares.length;
      const variance = 1 / (4 * (2 * alpha + 1));
      assert.ok(Math.abs(mean - 0.5) < 4 * Math.sqrt(variance / shares.length), `mean ${mean}`);
      assert.ok(Math.abs(squares / variance - 1) < 0.04, `variance ${squares}, not ${variance}`);
    });
  }

  for (const alpha of [0.2, 1, 4]) {
    it(`draws three shares from the Dirichlet distribution of ${alpha}`, () => {
      const draw = random(2, 'mixing');
      const rows = Array.from({ length: 20_000 }, () => drawShares(3, alpha, draw));
      // Each share alone is from Beta(alpha, 2 alpha).
      const variance = 2 / (9 * (3 * alpha + 1));
      for (const part of [0, 1, 2]) {
        const shares = rows.map((row) => row[part] as number);
        const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
        const squares = shares.reduce((sum, share) => sum + (share - 1 / 3) ** 2, 0);
        assert.ok(Math.abs(mean - 1 / 3) < 4 * Math.sqrt(variance / shares.length), `mean ${mean}`);
        const measured = squares / shares.length;
        assert.ok(Math.abs(measured / variance - 1) < 0.06, `${measured}, not ${variance}`);
      }
      assert.ok(rows.every((row) => Math.abs(row.reduce((sum, s) => sum + s, 0) - 1) < 1e-12));
    });
  }

  it('is a function of seed, epoch and step', () => {
    const both = { mixup: 0.2, cutmix: 1 };
    const draw = (...place: [number, number, number]) => drawMix(both, 32, ...place);
    assert.deepEqual(draw(1, 2, 3), draw(1, 2, 3));
    for (const other of [draw(0, 2, 3), draw(1, 0, 3), draw(1, 2, 0)]) {
      assert.notDeepEqual(other, draw(1, 2, 3));
    }
    assert.equal(drawMix({ mixup: 0, cutmix: 0 }, 32, 1, 2, 3), undefined);
  });

  it('is by sums in half of the steps and by boxes in the others', () => {
    const steps = (mixup: number, cutmix: number) =>
      Array.from({ length: 1000 }, (_, step) => drawMix({ mixup, cutmix }, 32, 0, 0, step)).filter(
        (mix) => mix?.shareInBox === 0,
      ).length;
    assert.deepEqual([steps(0.2, 0), steps(0, 1)], [0, 1000]);
    assert.ok(Math.abs(steps(0.2, 1) - 500) < 4 * Math.sqrt(250));
  });

  it('a box has what is not the own share, as far as it is inside', () => {
    // torchvision: half of 0.5 of 32 pixels on each side.
    assert.deepEqual(cutBox(0.75, 32, 10, 20), { left: 2, top: 12, right: 18, bottom: 28 });
    assert.deepEqual(cutBox(0.75, 32, 3, 31), { left: 0, top: 23, right: 11, bottom: 32 });
    for (let step = 0; step < 200; step++) {
      const mix = drawMix({ mixup: 0, cutmix: 1 }, 17, 5, 1, step);
      assert.ok(mix);
      const { left, top, right, bottom } = mix.box;
      assert.ok(left >= 0 && top >= 0 && right <= 17 && bottom <= 17);
      assert.ok(Math.abs(mix.share - (1 - ((right - left) * (bottom - top)) / 289)) < 1e-12);
    }
  });
});
