/** The settings that the recipes of several families share. */
import { AUGMENTATIONS, CENTRE_CROP } from '../augment/papers.js';
import type { Recipe } from './architecture.js';

/** Mean and deviation of ImageNet's training images, red, green, blue, in [0, 1] units. */
export const IMAGENET_COLOURS = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** How each paper augments; all evaluate the centre crop of 224 at short side 256. */
export const ALEXNET_TRANSFORM = { train: AUGMENTATIONS.alexnet, val: CENTRE_CROP };
export const VGG_TRANSFORM = { train: AUGMENTATIONS.vgg, val: CENTRE_CROP };
export const INCEPTION_TRANSFORM = { train: AUGMENTATIONS.inception, val: CENTRE_CROP };
export const RESNET_TRANSFORM = { train: AUGMENTATIONS.resnet, val: CENTRE_CROP };

/** torchvision's classification reference script with its defaults for AlexNet and VGG. */
export const TORCHVISION_RECIPE: Recipe = {
  epochs: 90,
  batchSize: 256,
  lr: 0.01,
  lrScheduler: 'step',
  lrStepSize: 30,
  lrGamma: 0.1,
  lrWarmupSteps: 0,
  momentum: 0.9,
  nesterov: false,
  weightDecay: 1e-4,
  decayBias: true,
  biasLrScale: 1,
  labelSmoothing: 0,
  transform: INCEPTION_TRANSFORM,
  ...IMAGENET_COLOURS,
};

/** The same script's rate for networks with batch normalisation. */
export const TORCHVISION_NORM_RECIPE: Recipe = { ...TORCHVISION_RECIPE, lr: 0.1 };

/** He et al., 2015, section 3.4: short side 256 to 480; in 90 epochs as in fb.resnet.torch. */
export const RESNET_RECIPE: Recipe = {
  ...TORCHVISION_NORM_RECIPE,
  transform: RESNET_TRANSFORM,
};

/** github.com/facebookarchive/fb.resnet.torch, in which the later networks were trained. */
export const TORCH_RECIPE: Recipe = {
  ...TORCHVISION_NORM_RECIPE,
  nesterov: true,
  transform: { train: { ...AUGMENTATIONS.inception, colour: 0.1 }, val: CENTRE_CROP },
};

/**
 * He et al., 2015, section 4.2: 64,000 steps, the rate falls after 32,000 and 48,000.
 */
export const CIFAR_RECIPE: Recipe = {
  ...RESNET_RECIPE,
  epochs: 164,
  batchSize: 128,
  lrScheduler: 'multistep',
  lrMilestones: [0.5, 0.75],
  transform: {
    train: { resize: 32, crop: 'random', size: 32, mirror: 0.5, pad: 4 },
    val: { resize: 32, crop: 'centre', size: 32, mirror: 0, pad: 0 },
  },
  // Of CIFAR-10's training images.
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.2435, 0.2616],
};

/**
 * Caffe's bvlc_googlenet: 60 epochs, weights meant for grey levels of 0 to 255 from which the mean
 * is taken.
 */
export const GOOGLENET_RECIPE: Recipe = {
  ...TORCHVISION_RECIPE,
  epochs: 60,
  batchSize: 32,
  lrScheduler: 'poly',
  lrPower: 0.5,
  opt: 'sgd-caffe',
  weightDecay: 2e-4,
  decayBias: false,
  biasLrScale: 2,
  std: [1 / 255, 1 / 255, 1 / 255],
};
