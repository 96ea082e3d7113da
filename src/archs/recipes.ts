/** The settings that the recipes of several families share. */
import type { Recipe } from './architecture.js';

/** Mean and deviation of ImageNet's training images, red, green, blue, in [0, 1] units. */
export const IMAGENET_COLOURS = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Short side 256; random 224 crops and mirroring in training, the centre crop in evaluation. */
export const IMAGENET_TRANSFORM: Recipe['transform'] = {
  train: { resize: 256, crop: 'random', size: 224, mirror: true, pad: 0 },
  val: { resize: 256, crop: 'centre', size: 224, mirror: false, pad: 0 },
};

/** torchvision's classification reference script with its defaults for AlexNet and VGG. */
export const TORCHVISION_RECIPE: Recipe = {
  epochs: 90,
  batchSize: 256,
  lr: 0.01,
  schedule: 'step',
  lrStepSize: 30,
  lrGamma: 0.1,
  warmupSteps: 0,
  momentum: 0.9,
  nesterov: false,
  weightDecay: 1e-4,
  decayBias: true,
  biasLrScale: 1,
  labelSmoothing: 0,
  transform: IMAGENET_TRANSFORM,
  ...IMAGENET_COLOURS,
};
