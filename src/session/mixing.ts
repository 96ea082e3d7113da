import * as tf from '@tensorflow/tfjs-core';
import type { Mix, MixSettings } from '../augment/index.js';
import { UsageError } from '../errors.js';
import { type MixedBox, mixImages } from '../network/images.js';
import type { Mixed } from '../network/loss.js';
import type { Settings } from '../settings/types.js';

/** `--mixup-alpha`, `--cutmix-alpha` and what goes with them. */
type Given = Pick<
  Settings<'data-preview'>,
  'mixupAlpha' | 'cutmixAlpha' | 'repeatedAugmentation' | 'batchSize'
>;

/** Throws a UsageError for a setting of the loss that has no effect. */
export function checkLoss({
  bceLoss,
  bceTargetThresh,
}: Pick<Settings<'train'>, 'bceLoss' | 'bceTargetThresh'>): void {
  if (bceTargetThresh === null || bceLoss) return;
  throw new UsageError(
    '--bce-target-thresh is for the targets of --bce-loss alone: leave it out, or add --bce-loss',
  );
}

/** How the images of a step are mixed and repeated. Throws a UsageError if settings clash. */
export function mixingOf({ mixupAlpha, cutmixAlpha, repeatedAugmentation, batchSize }: Given): {
  readonly mixing: MixSettings;
  readonly copies: number;
} {
  if ((mixupAlpha > 0 || cutmixAlpha > 0) && batchSize < 2) {
    throw new UsageError(
      `--${mixupAlpha > 0 ? 'mixup' : 'cutmix'}-alpha mixes the images of a step, which are ${batchSize} by --batch-size: expected 2 or more`,
    );
  }
  if (repeatedAugmentation > batchSize) {
    throw new UsageError(
      `Expected --repeated-augmentation to be at most ${batchSize}, the images of a step by --batch-size, but received ${repeatedAugmentation}`,
    );
  }
  return { mixing: { mixup: mixupAlpha, cutmix: cutmixAlpha }, copies: repeatedAugmentation };
}

/** The images (N, H, W, C) with boxes of zeros, which `erased` (N, 4) holds; frees those given. */
export function eraseBoxes(images: tf.Tensor4D, erased: Int32Array): tf.Tensor4D {
  const boxes = Array.from({ length: images.shape[0] }, (_, row): MixedBox => {
    const [left = 0, top = 0, right = 0, bottom = 0] = erased.subarray(4 * row, 4 * row + 4);
    return { partner: -1, left, top, right, bottom, share: 0 };
  });
  return changed(images, boxes);
}

/** The images each mixed with the one before it; frees those given. */
export function mixBatch(images: tf.Tensor4D, labels: Int32Array, mix: Mix): tf.Tensor4D {
  const boxes = [...labels.keys()].map((row): MixedBox => {
    const partner = partnerOf(row, labels);
    return { partner, ...mix.box, share: partner < 0 ? 1 : mix.shareInBox };
  });
  return changed(images, boxes);
}

function changed(images: tf.Tensor4D, boxes: readonly MixedBox[]): tf.Tensor4D {
  const result = mixImages(images, boxes);
  images.dispose();
  return result;
}

/** What a batch is to be, after its images are mixed. */
export interface MixedTargets {
  /** (N) the label of the larger part of each image, by which hits are counted. */
  readonly labels: Int32Array;
  /** (N) the other label, or -1. */
  readonly others: Int32Array;
  /** (N, 2) the shares of both. */
  readonly shares: Float32Array;
}

/**
 * The targets of mixed images; those without a label, and those whose partner has none, are not mixed.
 * With a `threshold` a label of a larger share counts as 1 and any other as 0.
 */
export function mixedTargets(
  labels: Int32Array,
  { share }: Mix,
  threshold: number | null,
): MixedTargets {
  const mixed = { labels: labels.slice(), others: labels.slice(), shares: new Float32Array(0) };
  const shareOf = (part: number) => (threshold === null ? part : Number(part > threshold));
  const shares = [...labels].flatMap((label, row) => {
    const partner = partnerOf(row, labels);
    const other = partner < 0 ? -1 : (labels[partner] as number);
    if (label < 0 || other < 0 || other === label) {
      mixed.others[row] = -1;
      return [1, 0];
    }
    const own = share >= 0.5;
    mixed.labels[row] = own ? label : other;
    mixed.others[row] = own ? other : label;
    const larger = Math.max(share, 1 - share);
    return [shareOf(larger), shareOf(1 - larger)];
  });
  return { ...mixed, shares: Float32Array.from(shares) };
}

/** The targets on the device. */
export function mixedTensors({ labels, others, shares }: MixedTargets): {
  labels: tf.Tensor1D;
  mixed: Mixed;
} {
  return {
    labels: tf.tensor1d(labels, 'int32'),
    mixed: {
      others: tf.tensor1d(others, 'int32'),
      shares: tf.tensor2d(shares, [labels.length, 2], 'float32'),
    },
  };
}

/** The number of the image before one, the last before the first; -1 where it has no label. */
function partnerOf(row: number, labels: Int32Array): number {
  const partner = (row + labels.length - 1) % labels.length;
  return (labels[partner] as number) < 0 ? -1 : partner;
}
