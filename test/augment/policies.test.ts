import assert from 'node:assert/strict';
import { type Draws, drawAugmentation, type Transform } from '../../src/augment/index.js';
import type { Operation, OperationKind } from '../../src/augment/operations/operations.js';

const plain: Transform = { resize: 224, crop: 'centre', size: 224, mirror: 0, pad: 0 };

/** The draws of the first images of epoch 0. */
function draws(transform: Partial<Transform>, count = 4000): Draws[] {
  return Array.from({ length: count }, (_, index) =>
    drawAugmentation({ ...plain, ...transform }, 1, 0, index),
  );
}

const operations = (transform: Partial<Transform>) =>
  draws(transform).map((drawn) => drawn.operations);

function count(lists: readonly (readonly Operation[])[], kind: OperationKind): number {
  return lists.flat().filter((operation) => operation.kind === kind).length;
}

/** The first values of operations of a kind, each once, in their order. */
function values(lists: readonly (readonly Operation[])[], kind: OperationKind): number[] {
  const found = lists.flat().filter((operation) => operation.kind === kind);
  return [...new Set(found.map(({ values: [value = 0] }) => value))].sort((a, b) => a - b);
}

/** Within four standard deviations of a binomial count. */
function assertShare(found: number, trials: number, share: number, what: string): void {
  const expected = trials * share;
  const deviation = Math.sqrt(expected * (1 - share));
  assert.ok(Math.abs(found - expected) < 4 * deviation, `${what}: ${found}, not ${expected}`);
}

describe('policies of augmentation', () => {
  it('are functions of seed, epoch, image and copy, and leave other draws alone', () => {
    const crop = { ...plain, resize: 256, crop: 'random', mirror: 0.5, colour: 0.1 } as const;
    const jitter = { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 };
    const all: Transform = { ...crop, auto: { name: 'ta_wide' }, jitter, erase: 0.5 };
    const draw = (...place: [number, number, number, number?]) => drawAugmentation(all, ...place);
    assert.deepEqual(draw(3, 2, 1), draw(3, 2, 1, 0));
    for (const other of [draw(4, 2, 1), draw(3, 3, 1), draw(3, 2, 2), draw(3, 2, 1, 1)]) {
      assert.notDeepEqual(other.operations, draw(3, 2, 1).operations);
      assert.notEqual(other.x, draw(3, 2, 1).x);
    }
    for (let index = 0; index < 50; index++) {
      const { operations, erased: _, ...kept } = draw(3, 2, index);
      const mirrored = operations[0]?.kind === 'Mirror';
      const { operations: none, ...without } = drawAugmentation(crop, 3, 2, index);
      assert.deepEqual(none, []);
      // What changes pixels mirrors them too, before anything else.
      assert.deepEqual({ ...kept, mirror: mirrored }, without);
    }
  });

  it('RandAugment takes two of fourteen changes, of one magnitude with either sign', () => {
    const auto = { name: 'ra', changes: 2, magnitude: 9 } as const;
    const found = operations({ auto });
    for (const kind of ['Brightness', 'Contrast', 'Saturation', 'Sharpness'] as const) {
      assertShare(count(found, kind), 8000, 1 / 14, kind);
      assert.deepEqual(
        values(found, kind).map((value) => value.toFixed(9)),
        ['0.730000000', '1.270000000'],
      );
    }
    assertShare(count(found, 'Affine'), 8000, 5 / 14, 'shears, shifts and turns');
    assert.deepEqual(values(found, 'Posterize'), [7]);
    assert.deepEqual(values(found, 'Solarize'), [178.5]);
    for (const kind of ['AutoContrast', 'Equalize'] as const) {
      assertShare(count(found, kind), 8000, 1 / 14, kind);
    }
    assert.equal(count(found, 'Invert'), 0);
    assert.ok(found.every(({ length }) => length <= 2));
    assertShare(found.filter(({ length }) => length === 2).length, 4000, (13 / 14) ** 2, 'pairs');
    // The fifteen matrices: 30.45 pixels of 224, cut off.
    const shifts = found.flat().filter(({ kind, values: [a, b, , d, e] }) => {
      return kind === 'Affine' && a === 1 && b === 0 && d === 0 && e === 1;
    });
    const moved = new Set(shifts.map(({ values: [, , x, , , y] }) => `${x} ${y}`));
    assert.deepEqual([...moved].sort(), ['-30 0', '0 -30', '0 30', '30 0']);
  });

  it('TrivialAugment takes one of fourteen changes, of any of 31 magnitudes', () => {
    const found = operations({ auto: { name: 'ta_wide' } });
    assert.ok(found.every(({ length }) => length <= 1));
    assert.deepEqual(values(found, 'Posterize'), [2, 3, 4, 5, 6, 7, 8]);
    const thresholds = values(found, 'Solarize');
    assert.deepEqual([thresholds.length, thresholds[0], thresholds.at(-1)], [31, 0, 255]);
    const factors = values(found, 'Contrast');
    assert.deepEqual(
      [factors.length, factors[0]?.toFixed(6), factors.at(-1)],
      [61, '0.010000', 1.99],
    );
    assert.equal(count(found, 'Invert'), 0);
  });

  it("AutoAugment takes one of ImageNet's 25 pairs, each part with its probability", () => {
    const found = operations({ auto: { name: 'imagenet' } });
    // Sums over the table of the paper, divided by its 25 rows.
    assertShare(count(found, 'Posterize'), 4000, 2.8 / 25, 'Posterize');
    assertShare(count(found, 'Invert'), 4000, 1.8 / 25, 'Invert');
    assertShare(count(found, 'AutoContrast'), 4000, 1.2 / 25, 'AutoContrast');
    assertShare(count(found, 'Contrast'), 4000, 2 / 25, 'Contrast');
    assert.deepEqual(values(found, 'Posterize'), [4, 5, 6]);
  });

  it('AugMix adds the image and three chains of one to three of 13 changes, of its severity', () => {
    const found = operations({ auto: { name: 'augmix', severity: 3 } });
    const ends = found.map((list) => list.map(({ kind }) => kind).join(' '));
    const change =
      '(?:Affine |Brightness |Contrast |Saturation |Sharpness |Posterize |Solarize |AutoContrast |Equalize )';
    const form = new RegExp(`^MixBegin (?:${change}{0,3}MixAdd ){3}MixEnd$`);
    assert.ok(ends.every((kinds) => form.test(kinds)));
    // Two changes of a chain on the average, three chains, 13 kinds.
    for (const kind of ['Brightness', 'AutoContrast', 'Posterize'] as const) {
      assertShare(count(found, kind), 4000 * 6, 1 / 13, kind);
    }
    // Levels 0, 1 and 2 of nine.
    assert.deepEqual(values(found, 'Posterize'), [3, 4]);
    assert.deepEqual(
      values(found, 'Contrast').map((value) => value.toFixed(6)),
      ['0.800000', '0.900000', '1.000000', '1.100000', '1.200000'],
    );
    for (const list of found) {
      const shares = list.filter(({ kind }) => kind === 'MixBegin' || kind === 'MixAdd');
      const sum = shares.reduce((total, { values: [share = 0] }) => total + share, 0);
      assert.ok(Math.abs(sum - 1) < 1e-12, `shares of ${sum}`);
    }
    const own = found.map(([begin]) => begin?.values[0] ?? 0);
    const mean = own.reduce((sum, share) => sum + share, 0) / own.length;
    // Uniform: four standard errors.
    assert.ok(Math.abs(mean - 0.5) < 4 / Math.sqrt(12 * 4000), `the image's own share ${mean}`);
  });

  it("the distortions of LeNet-5's paper are one matrix, about the centre, in their ranges", () => {
    const found = operations({ auto: { name: 'affine' } });
    assert.ok(found.every(({ length }) => length === 1));
    assert.equal(count(found, 'Affine'), 4000);
    const range = (value: (matrix: readonly number[]) => number) => {
      const all = found.map(([operation]) => value(operation?.values ?? []));
      return [Math.min(...all), Math.max(...all)].map((end) => Number(end.toFixed(2)));
    };
    assert.deepEqual(
      range(([a = 0, , , , e = 0]) => 1 / Math.sqrt(a * e)),
      [0.85, 1.15],
    );
    assert.deepEqual(
      range(([a = 0, , , , e = 0]) => Math.sqrt(e / a)),
      [0.9, 1.1],
    );
    assert.deepEqual(
      range(([, b = 0]) => b),
      [-0.2, 0.2],
    );
    assert.deepEqual(
      range(([, , , d = 1]) => d),
      [0, 0],
    );
    // The place that the centre, at 112, moves to: 16 pixels of 224 at most.
    assert.deepEqual(
      range(([, , , , e = 1, f = 0]) => Math.round((112 - f) / e - 112)),
      [-16, 16],
    );
    const right = ([a = 1, b = 0, c = 0, , e = 1, f = 0]: readonly number[]) =>
      Math.round((112 - c - (b * (112 - f)) / e) / a - 112);
    assert.deepEqual(range(right), [-16, 16]);
  });

  it('jitter of colours is uniform in its ranges, in any order', () => {
    const jitter = { brightness: 0.4, contrast: 1.5, saturation: 0, hue: 0.1 };
    const found = operations({ jitter });
    assert.ok(found.every(({ length }) => length === 3));
    for (const [kind, least, most] of [
      ['Brightness', 0.6, 1.4],
      ['Contrast', 0, 2.5],
      ['Hue', -0.1, 0.1],
    ] as const) {
      const factors = values(found, kind);
      assert.ok((factors[0] as number) >= least && (factors.at(-1) as number) <= most, kind);
      const mean = factors.reduce((sum, value) => sum + value, 0) / factors.length;
      // Four standard deviations of the mean of 4000 uniform draws.
      const deviation = (most - least) / Math.sqrt(12 * 4000);
      assert.ok(Math.abs(mean - (least + most) / 2) < 4 * deviation, `${kind}: ${mean}`);
    }
    for (const kind of ['Brightness', 'Contrast', 'Hue']) {
      const first = found.filter(([operation]) => operation?.kind === kind).length;
      assertShare(first, 4000, 1 / 3, `${kind} first`);
    }
  });

  it('erases a box of 2 to 33 % of the image, as often as asked', () => {
    const boxes = draws({ erase: 0.25 }).flatMap(({ erased }) => (erased ? [erased] : []));
    assertShare(boxes.length, 4000, 0.25, 'boxes');
    for (const { left, top, right, bottom } of boxes) {
      assert.ok(left >= 0 && top >= 0 && right <= 224 && bottom <= 224);
      const share = ((right - left) * (bottom - top)) / 224 ** 2;
      assert.ok(share > 0.019 && share < 0.335, `${share}`);
      const aspect = (bottom - top) / (right - left);
      assert.ok(aspect > 0.28 && aspect < 3.5, `${aspect}`);
    }
    assert.equal(draws({ erase: 1 }, 200).filter(({ erased }) => erased).length, 200);
  });
});
