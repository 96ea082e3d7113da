import type { Recipe } from '../archs/index.js';
import {
  AUGMENTATIONS,
  checkTransform,
  type PrincipalColours,
  type Transform,
} from '../augment/index.js';
import { UsageError } from '../errors.js';
import type { Settings } from '../settings/types.js';

/** `--augment` and its parts. */
export type AugmentSettings = Pick<
  Settings<'train'>,
  | 'inputSize'
  | 'trainCropSize'
  | 'augment'
  | 'trainResizeSize'
  | 'trainCropMode'
  | 'scale'
  | 'ratio'
  | 'padding'
  | 'hflip'
  | 'colorPca'
  | 'colorJitter'
  | 'autoAugment'
  | 'raMagnitude'
  | 'raNumOps'
  | 'augmixSeverity'
  | 'randomErase'
>;

/** How training images are augmented. */
export interface Augmentation {
  readonly transform: Transform;
  /** The principal colours along which offsets are drawn. */
  readonly principalColours: PrincipalColours;
}

/**
 * How training images are cropped, mirrored and coloured. Throws a UsageError if settings clash.
 */
export function trainingTransform(recipe: Recipe, settings: AugmentSettings): Transform {
  const { trainResizeSize, trainCropMode, scale, ratio, padding, hflip, colorPca } = settings;
  const base = scaleTransform(augmentation(recipe, settings.augment), trainingSize(settings));
  const transform: Transform = {
    ...base,
    ...(trainResizeSize && { resize: sideOrSides(trainResizeSize) }),
    ...(trainCropMode && { crop: trainCropMode }),
    ...(scale && { area: scale }),
    ...(ratio && { aspect: ratio }),
    pad: padding ?? base.pad,
    mirror: hflip ?? base.mirror,
    ...(colorPca !== null && { colour: colorPca }),
    ...policyOf(settings),
    ...jitterOf(settings),
    ...(settings.randomErase > 0 && { erase: settings.randomErase }),
  };
  checkUse(transform, settings);
  checkTransform(transform);
  return transform;
}

/** The side of the images of a training. */
export function trainingSize({
  inputSize,
  trainCropSize,
}: Pick<AugmentSettings, 'inputSize'> & Partial<Pick<AugmentSettings, 'trainCropSize'>>): number {
  return trainCropSize ?? inputSize;
}

/** RandAugment's changes of an image and their magnitude, as in torchvision. */
const RAND_AUGMENT = { changes: 2, magnitude: 9 };
/** AugMix's, as in torchvision and in its paper. */
const SEVERITY = 3;

function policyOf(settings: AugmentSettings): Pick<Transform, 'auto'> {
  const { autoAugment, raMagnitude, raNumOps, augmixSeverity } = settings;
  for (const [name, value, policy, ofPolicy] of [
    ['ra-magnitude', raMagnitude, 'RandAugment', 'ra'],
    ['ra-num-ops', raNumOps, 'RandAugment', 'ra'],
    ['augmix-severity', augmixSeverity, 'AugMix', 'augmix'],
  ] as const) {
    if (value === null || autoAugment === ofPolicy) continue;
    throw new UsageError(
      `--${name} is for ${policy} alone: leave it out, or add --auto-augment ${ofPolicy}`,
    );
  }
  switch (autoAugment) {
    case 'none':
      return {};
    case 'ra': {
      const changes = raNumOps ?? RAND_AUGMENT.changes;
      const magnitude = raMagnitude ?? RAND_AUGMENT.magnitude;
      return { auto: { name: 'ra', changes, magnitude } };
    }
    case 'augmix':
      return { auto: { name: 'augmix', severity: augmixSeverity ?? SEVERITY } };
    default:
      return { auto: { name: autoAugment } };
  }
}

/** A single number is for all but the hue, as in timm. */
function jitterOf({ colorJitter }: AugmentSettings): Pick<Transform, 'jitter'> {
  if (colorJitter === null) return {};
  const [brightness = 0, ...others] = colorJitter;
  const alone = others.length === 0 ? brightness : 0;
  const [contrast = alone, saturation = alone, hue = 0, ...rest] = others;
  if (rest.length > 0) {
    throw new UsageError(
      `Expected --color-jitter to have four numbers at most, of brightness, contrast, saturation and hue, but received ${colorJitter.length}`,
    );
  }
  if (hue > 0.5) {
    throw new UsageError(
      `Expected the hue of --color-jitter, its fourth number, to be at most 0.5 but received ${hue}`,
    );
  }
  const jitter = { brightness, contrast, saturation, hue };
  return Object.values(jitter).some((range) => range > 0) ? { jitter } : {};
}

/**
 * The transform of an evaluation at another size of the crop, and at another short side if given.
 */
export function evaluationTransform(
  transform: Transform,
  size: number,
  resizeSize: number | null = null,
): Transform {
  const scaled = scaleTransform(transform, size);
  const resized = { ...scaled, resize: resizeSize ?? scaled.resize };
  checkTransform(resized);
  return resized;
}

/** A transform with another crop size; the margin around the crop grows in proportion. */
function scaleTransform(transform: Transform, size: number): Transform {
  const scaled = (pixels: number) => Math.round((pixels * size) / transform.size);
  const { resize, pad } = transform;
  return {
    ...transform,
    size,
    resize: typeof resize === 'number' ? scaled(resize) : [scaled(resize[0]), scaled(resize[1])],
    pad: scaled(pad),
  };
}

function augmentation(recipe: Recipe, name: AugmentSettings['augment']): Transform {
  if (name === null) return recipe.transform.train;
  return name === 'none' ? recipe.transform.val : AUGMENTATIONS[name];
}

function sideOrSides([least, most]: readonly [number, number]): Transform['resize'] {
  return least === most ? least : [least, most];
}

/** A setting without an effect is refused, because it is a mistake. */
function checkUse({ crop }: Transform, settings: AugmentSettings): void {
  const idle =
    crop === 'area'
      ? { 'train-resize-size': settings.trainResizeSize, padding: settings.padding || null }
      : { scale: settings.scale, ratio: settings.ratio };
  const [name] = Object.entries(idle).find(([, value]) => value !== null) ?? [];
  if (name === undefined) return;
  throw new UsageError(
    crop === 'area'
      ? `--${name} does nothing to boxes of random area, which are cut from the image as it is: leave it out, or add --train-crop-mode random`
      : `--${name} does nothing to crops of mode ${crop}: leave it out, or add --train-crop-mode area`,
  );
}
