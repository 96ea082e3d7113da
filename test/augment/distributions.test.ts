import assert from 'node:assert/strict';
import {
  AUGMENTATIONS,
  colourOffset,
  cropWindow,
  drawAugmentation,
  IMAGENET_PRINCIPAL_COLOURS,
  type Transform,
  type Window,
} from '../../src/augment/index.js';
import { readGoldens } from './goldens.js';

const goldens = readGoldens();
const COUNT = 40_000;
const vgg: Transform = { resize: [256, 512], crop: 'random', size: 224, mirror: 0.5, pad: 0 };
const inception: Transform = AUGMENTATIONS.inception;

/** The windows of `count` images of one size. */
function windows(transform: Transform, width: number, height: number): Window[] {
  return Array.from({ length: COUNT }, (_, index) =>
    cropWindow(transform, width, height, drawAugmentation(transform, 5, 0, index)),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
}

/** Mean and deviation as those of a uniform distribution, to five standard errors. */
function assertUniform(values: readonly number[], least: number, most: number, what: string) {
  const expected = (most - least) / Math.sqrt(12);
  const error = (5 * expected) / Math.sqrt(values.length);
  const centre = mean(values);
  assert.ok(Math.abs(centre - (least + most) / 2) < error, `${what}: mean ${centre}`);
  assert.ok(Math.abs(deviation(values) - expected) < error, `${what}: ${deviation(values)}`);
  assert.ok(Math.min(...values) >= least && Math.max(...values) <= most, `${what}: bounds`);
}

describe('scale jitter', () => {
  it('takes each short side from the least to the most as often', () => {
    const boxes = windows(vgg, 500, 500);
    const sides = boxes.map(({ width }) => Math.round((224 * 500) / width));
    const times = new Map<number, number>();
    for (const side of sides) times.set(side, (times.get(side) ?? 0) + 1);
    assert.equal(times.size, 257);
    assert.deepEqual([Math.min(...sides), Math.max(...sides)], [256, 512]);
    assertUniform(sides, 255.5, 512.5, 'short side');
    for (const [side, count] of times) assert.ok(count > 90 && count < 230, `${side}: ${count}`);
  });

  it('leaves place and mirror as they are without it', () => {
    const fixed: Transform = { ...vgg, resize: 256 };
    for (let index = 0; index < 100; index++) {
      const { x, y, mirror } = drawAugmentation(vgg, 5, 0, index);
      const draws = drawAugmentation(fixed, 5, 0, index);
      assert.deepEqual([draws.x, draws.y, draws.mirror], [x, y, mirror]);
    }
  });

  it('reaches every place of the crop', () => {
    const boxes = windows({ ...vgg, resize: 256 }, 256, 400);
    assertUniform(
      boxes.map(({ left }) => left),
      -0.5,
      32.5,
      'left',
    );
    assertUniform(
      boxes.map(({ top }) => top),
      -0.5,
      400 - 224 + 0.5,
      'top',
    );
  });
});

describe('boxes of random area and aspect', () => {
  // In a square image the first try nearly always fits, if the area is not too large.
  const small: Transform = { ...inception, area: [0.08, 0.5] };

  it('have a uniform area and a log-uniform aspect', () => {
    const boxes = windows(small, 2000, 2000);
    const areas = boxes.map(({ width, height }) => (width * height) / 4e6);
    const aspects = boxes.map(({ width, height }) => Math.log(width / height));
    assertUniform(areas, 0.0795, 0.5005, 'area');
    assertUniform(aspects, Math.log(3 / 4) - 0.003, Math.log(4 / 3) + 0.003, 'aspect');
    const product = mean(areas.map((area, index) => area * (aspects[index] as number)));
    assert.ok(Math.abs(product) < 0.002, 'area and aspect are independent');
  });

  it('are anywhere in the image', () => {
    const boxes = windows(small, 2000, 1500);
    assert.ok(boxes.every(({ left, top }) => Number.isInteger(left) && Number.isInteger(top)));
    assertUniform(
      boxes.map(({ left, width }) => left / (2000 - width)),
      0,
      1,
      'left',
    );
    assertUniform(
      boxes.map(({ top, height }) => top / (1500 - height)),
      0,
      1,
      'top',
    );
    const first = boxes[0] as Window;
    assert.deepEqual(
      [first.clipped, first.outLeft, first.outTop, first.outWidth, first.outHeight],
      [true, 0, 0, 224, 224],
    );
  });

  it('are tried again where they do not fit, as in torchvision', () => {
    const { image, means } = goldens.boxMoments;
    const [width = 0, height = 0] = image;
    const boxes = windows(inception, width, height);
    const measured = [
      mean(boxes.map((box) => (box.width * box.height) / (width * height))),
      mean(boxes.map((box) => Math.log(box.width / box.height))),
      mean(boxes.map((box) => box.left / width)),
      mean(boxes.map((box) => box.top / height)),
    ];
    for (const [index, value] of measured.entries()) {
      const expected = means[index] as number;
      assert.ok(Math.abs(value - expected) < 0.006, `moment ${index}: ${value}, not ${expected}`);
    }
  });

  it('are the largest centre box within the aspects after ten tries that did not fit', () => {
    const box = ({ left, top, width, height }: Window) => [left, top, width, height];
    const draws = drawAugmentation(inception, 5, 0, 0);
    const never = { ...draws, tries: draws.tries.map(() => [0.999, 0.5] as const) };
    assert.equal(draws.tries.length, 10);
    assert.deepEqual(box(cropWindow(inception, 1000, 30, never)), [480, 0, 40, 30]);
    assert.deepEqual(box(cropWindow(inception, 31, 1000, never)), [0, 479, 31, 41]);
    const wide: Transform = { ...inception, area: [2, 3] };
    assert.deepEqual(box(cropWindow(wide, 100, 90, draws)), [0, 0, 100, 90]);
    assert.deepEqual(box(cropWindow(inception, 1, 1000, never)), [0, 499, 1, 1]);
  });
});

describe('colour offsets', () => {
  const transform: Transform = { ...vgg, colour: 0.1 };
  const offsets = Array.from({ length: COUNT }, (_, index) =>
    colourOffset(IMAGENET_PRINCIPAL_COLOURS, 0.1, drawAugmentation(transform, 5, 0, index).colour),
  );

  it('move red, green and blue by 3.2 grey levels, without a bias', () => {
    for (const channel of [0, 1, 2]) {
      const levels = offsets.map((offset) => 255 * (offset[channel] as number));
      assert.ok(Math.abs(deviation(levels) - 3.2) < 0.1, `${deviation(levels)}`);
      assert.ok(Math.abs(mean(levels)) < 0.08, `${mean(levels)}`);
    }
  });

  it('have the deviations 0.1 λ along the eigenvectors, each independent of the others', () => {
    const { values, vectors } = IMAGENET_PRINCIPAL_COLOURS;
    const along = values.map((_, component) =>
      offsets.map((offset) =>
        vectors.reduce(
          (sum, row, channel) => sum + (row[component] as number) * (offset[channel] as number),
          0,
        ),
      ),
    );
    for (const [component, value] of values.entries()) {
      const measured = deviation(along[component] as number[]);
      assert.ok(Math.abs(measured / (0.1 * value) - 1) < 0.02, `${component}: ${measured}`);
    }
    const product = mean((along[0] ?? []).map((a, index) => a * (along[1]?.[index] as number)));
    assert.ok(Math.abs(product) < 0.03 * 0.02175 * 0.00188);
  });

  it('are λ₁ times the first column for the draw 1, 0, 0', () => {
    const offset = colourOffset(IMAGENET_PRINCIPAL_COLOURS, 1, [1, 0, 0]);
    const expected = [-0.5675, -0.5808, -0.5836].map((entry) => entry * 0.2175);
    for (const [channel, value] of expected.entries()) {
      assert.ok(Math.abs(value - (offset[channel] as number)) < 1e-12);
    }
  });

  it('are drawn for each image and epoch, and do not change the other draws', () => {
    const draws = drawAugmentation(transform, 5, 0, 1);
    assert.deepEqual(drawAugmentation(transform, 5, 0, 1), draws);
    assert.notDeepEqual(drawAugmentation(transform, 5, 1, 1).colour, draws.colour);
    assert.deepEqual(drawAugmentation(vgg, 5, 0, 1), { ...draws, colour: [] });
  });
});
