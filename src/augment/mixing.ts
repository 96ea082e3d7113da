import { type Random, random } from '../rng.js';
import type { Box } from './erase.js';

/** Parameters of Beta(α, α), from which shares are drawn; 0 is not at all. */
export interface MixSettings {
  /** Zhang et al., 2017: a weighted sum of two images. */
  readonly mixup: number;
  /** Yun et al., 2019: a box of another image. */
  readonly cutmix: number;
}

/** How the images of a batch are mixed, each with the one before it. */
export interface Mix {
  /** What changes. */
  readonly box: Box;
  /** An image's own share within the box; the rest is the other's. */
  readonly shareInBox: number;
  /** An image's own share in its target. */
  readonly share: number;
}

/**
 * The mix of a step, as in torchvision's references: where both are asked for, each is as likely.
 */
export function drawMix(
  { mixup, cutmix }: MixSettings,
  size: number,
  seed: number,
  epoch: number,
  step: number,
): Mix | undefined {
  if (mixup === 0 && cutmix === 0) return undefined;
  const draw = random(seed, 'mixing', epoch, step);
  const first = draw.uniform() < 0.5;
  if (cutmix === 0 || (mixup > 0 && first)) {
    const share = drawBeta(mixup, draw);
    return { box: { left: 0, top: 0, right: size, bottom: size }, shareInBox: share, share };
  }
  const box = cutBox(drawBeta(cutmix, draw), size, draw.below(size), draw.below(size));
  const cut = (box.right - box.left) * (box.bottom - box.top);
  return { box, shareInBox: 0, share: 1 - cut / (size * size) };
}

/** A box about (x, y) of 1 - `share` of the image, cut off at its border. */
export function cutBox(share: number, size: number, x: number, y: number): Box {
  const half = Math.trunc(0.5 * Math.sqrt(1 - share) * size);
  return {
    left: Math.max(0, x - half),
    top: Math.max(0, y - half),
    right: Math.min(size, x + half),
    bottom: Math.min(size, y + half),
  };
}

/** A draw from Beta(α, α): two of the gamma distribution, as logarithms, which do not underflow. */
export function drawBeta(alpha: number, draw: Random): number {
  return 1 / (1 + Math.exp(logGamma(alpha, draw) - logGamma(alpha, draw)));
}

/** The logarithm of a draw from Gamma(α): Marsaglia and Tsang, 2000. */
function logGamma(alpha: number, draw: Random): number {
  // Of α + 1, times a power of a uniform draw.
  const boost = Math.log(1 - draw.uniform()) / alpha;
  const d = alpha + 1 - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = draw.normal();
    const cube = (1 + c * x) ** 3;
    const u = 1 - draw.uniform();
    if (cube > 0 && Math.log(u) < 0.5 * x * x + d - d * cube + d * Math.log(cube)) {
      return Math.log(d * cube) + boost;
    }
  }
}
