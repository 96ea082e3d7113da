import { random } from '../rng.js';
import { drawBeta } from './distributions.js';
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
