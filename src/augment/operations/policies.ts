import type { Random } from '../../rng.js';
import { drawShares } from '../distributions.js';
import { distort } from './affine.js';
import { CHANGES, type ChangeName } from './changes.js';
import type { Operation } from './operations.js';

/** How operations are chosen; `--auto-augment` takes the names. */
export type Policy =
  /** Cubuk et al., 2019: some changes of one magnitude. */
  | { readonly name: 'ra'; readonly changes: number; readonly magnitude: number }
  /** Müller and Hutter, 2021: one change of any magnitude. */
  | { readonly name: 'ta_wide' }
  /** Cubuk et al., 2018: one of the pairs that were learned on ImageNet. */
  | { readonly name: 'imagenet' }
  /** LeCun et al., 1998, section III-A: planar affine distortions. */
  | { readonly name: 'affine' }
  /** Hendrycks et al., 2019: a sum of the image and of what chains of small changes make of it. */
  | { readonly name: 'augmix'; readonly severity: number };

/** The magnitude of a change for a share of its range in [0, 1] and the side of the image. */
type Magnitude = (share: number, size: number) => number;

const upTo =
  (most: number): Magnitude =>
  (share) =>
    share * most;
const none: Magnitude = () => 0;
const bits =
  (kept: number, removed: number): Magnitude =>
  (share) =>
    kept - Math.round(share * removed);
const threshold: Magnitude = (share) => 255 - share * 255;
/** Of the paper's 331 pixels. */
const shift: Magnitude = (share, size) => share * ((150 / 331) * size);
const third: Magnitude = (share, size) => share * (size / 3);

/** The greatest magnitudes of AutoAugment's paper, which RandAugment's took over. */
const NARROW: Readonly<Record<ChangeName, Magnitude>> = {
  Identity: none,
  ShearX: upTo(0.3),
  ShearY: upTo(0.3),
  TranslateX: shift,
  TranslateY: shift,
  Rotate: upTo(30),
  Brightness: upTo(0.9),
  Color: upTo(0.9),
  Contrast: upTo(0.9),
  Sharpness: upTo(0.9),
  Posterize: bits(8, 4),
  Solarize: threshold,
  AutoContrast: none,
  Equalize: none,
  Invert: none,
};

/** TrivialAugment's, in its wide form. */
const WIDE: typeof NARROW = {
  ...NARROW,
  ShearX: upTo(0.99),
  ShearY: upTo(0.99),
  TranslateX: upTo(32),
  TranslateY: upTo(32),
  Rotate: upTo(135),
  Brightness: upTo(0.99),
  Color: upTo(0.99),
  Contrast: upTo(0.99),
  Sharpness: upTo(0.99),
  Posterize: bits(8, 6),
};

/** AugMix's. */
const MIXED: typeof NARROW = {
  ...NARROW,
  TranslateX: third,
  TranslateY: third,
  Posterize: bits(4, 4),
};

/** RandAugment and TrivialAugment choose among all but this one. */
const CHOICES = (Object.keys(CHANGES) as ChangeName[]).filter((name) => name !== 'Invert');
/** Of which AugMix leaves out that of nothing. */
const MIXED_CHOICES = CHOICES.filter((name) => name !== 'Identity');

/** Steps from no magnitude to the greatest, in RandAugment and TrivialAugment. */
export const MAGNITUDES = 30;
/** The same in AutoAugment and AugMix. */
const LEVELS = 9;

/** AugMix's chains, the most changes of one, and the parameter of the distributions of shares. */
const CHAINS = 3;
const MOST_DEPTH = 3;
const ALPHA = 1;

type Part = readonly [change: ChangeName, probability: number, level?: number];

/** AutoAugment's paper, table 9: pairs of a change, its probability and its level of 0 to 9. */
// biome-ignore format: one pair a line
const IMAGENET_PAIRS: readonly (readonly [Part, Part])[] = [
  [['Posterize', 0.4, 8], ['Rotate', 0.6, 9]],
  [['Solarize', 0.6, 5], ['AutoContrast', 0.6]],
  [['Equalize', 0.8], ['Equalize', 0.6]],
  [['Posterize', 0.6, 7], ['Posterize', 0.6, 6]],
  [['Equalize', 0.4], ['Solarize', 0.2, 4]],
  [['Equalize', 0.4], ['Rotate', 0.8, 8]],
  [['Solarize', 0.6, 3], ['Equalize', 0.6]],
  [['Posterize', 0.8, 5], ['Equalize', 1]],
  [['Rotate', 0.2, 3], ['Solarize', 0.6, 8]],
  [['Equalize', 0.6], ['Posterize', 0.4, 6]],
  [['Rotate', 0.8, 8], ['Color', 0.4, 0]],
  [['Rotate', 0.4, 9], ['Equalize', 0.6]],
  [['Equalize', 0], ['Equalize', 0.8]],
  [['Invert', 0.6], ['Equalize', 1]],
  [['Color', 0.6, 4], ['Contrast', 1, 8]],
  [['Rotate', 0.8, 8], ['Color', 1, 2]],
  [['Color', 0.8, 8], ['Solarize', 0.8, 7]],
  [['Sharpness', 0.4, 7], ['Invert', 0.6]],
  [['ShearX', 0.6, 5], ['Equalize', 1]],
  [['Color', 0.4, 0], ['Equalize', 0.6]],
  [['Equalize', 0.4], ['Solarize', 0.2, 4]],
  [['Solarize', 0.6, 5], ['AutoContrast', 0.6]],
  [['Invert', 0.6], ['Equalize', 1]],
  [['Color', 0.6, 4], ['Contrast', 1, 8]],
  [['Equalize', 0.8], ['Equalize', 0.6]],
];

/** What a policy does to an image of `size` × `size` pixels. */
export function drawPolicy(policy: Policy, size: number, draw: Random): Operation[] {
  switch (policy.name) {
    case 'ra':
      return Array.from({ length: policy.changes }, () =>
        drawChange(choose(CHOICES, draw), NARROW, policy.magnitude / MAGNITUDES, size, draw),
      ).flat();
    case 'ta_wide': {
      const change = choose(CHOICES, draw);
      return [...drawChange(change, WIDE, draw.below(MAGNITUDES + 1) / MAGNITUDES, size, draw)];
    }
    case 'imagenet':
      return choose(IMAGENET_PAIRS, draw).flatMap(([change, probability, level = 0]) => {
        const taken = draw.uniform() < probability;
        const operations = drawChange(change, NARROW, level / LEVELS, size, draw);
        return taken ? operations : [];
      });
    case 'affine':
      return [drawDistortion(size, draw)];
    case 'augmix': {
      const [own, changed] = drawShares(2, ALPHA, draw) as [number, number];
      const chains = drawShares(CHAINS, ALPHA, draw).map((share) =>
        mixed('MixAdd', changed * share, drawChain(policy.severity, size, draw)),
      );
      return [...mixed('MixBegin', own), ...chains.flat(), { kind: 'MixEnd', values: [] }];
    }
  }
}

/** The paper names the distortions but not their ranges, which suit digits of 28 pixels. */
function drawDistortion(size: number, draw: Random): Operation {
  const within = (range: number) => range * (2 * draw.uniform() - 1);
  const moved = { right: within(2 / 28), down: within(2 / 28) };
  const sized = { scale: 1 + within(0.15), squeeze: 1 + within(0.1) };
  return distort({ ...moved, ...sized, shear: within(0.2) }, size);
}

function drawChain(severity: number, size: number, draw: Random): Operation[] {
  return Array.from({ length: 1 + draw.below(MOST_DEPTH) }, () => {
    const share = draw.below(severity) / LEVELS;
    return drawChange(choose(MIXED_CHOICES, draw), MIXED, share, size, draw);
  }).flat();
}

function mixed(kind: 'MixBegin' | 'MixAdd', share: number, chain: Operation[] = []): Operation[] {
  return [...chain, { kind, values: [share] }];
}

function drawChange(
  name: ChangeName,
  magnitudes: typeof NARROW,
  share: number,
  size: number,
  draw: Random,
): readonly Operation[] {
  const { signed, operations } = CHANGES[name];
  const negative = draw.below(2) === 0;
  const magnitude = magnitudes[name](share, size);
  return operations(signed && negative ? -magnitude : magnitude, size);
}

function choose<T>(choices: readonly T[], draw: Random): T {
  return choices[draw.below(choices.length)] as T;
}
