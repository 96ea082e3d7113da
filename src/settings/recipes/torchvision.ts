/** torchvision's references/classification: train.py and what README.md says of each network. */
import { type Entry, isForImageNet, isNormalised, type NamedRecipe } from './recipe.js';

const DEFAULT = 'train.py, default';
const README = 'README.md, "AlexNet and VGG": the default is too high without batch normalisation';
const GPUS = 'train.py, 32 images on each of 8 GPUs';
const PRESETS = 'presets.py';

const SETTINGS: readonly Entry[] = [
  ['epochs', 90, DEFAULT],
  ['batch-size', 256, GPUS],
  ['lr-scheduler', 'step', DEFAULT],
  ['lr-step-size', 30, DEFAULT],
  ['lr-gamma', 0.1, DEFAULT],
  ['lr-warmup-steps', 0, DEFAULT],
  ['opt', 'sgd', DEFAULT],
  ['momentum', 0.9, DEFAULT],
  ['nesterov', false, DEFAULT],
  ['weight-decay', 1e-4, DEFAULT],
  ['norm-weight-decay', null, DEFAULT],
  ['bias-weight-decay', null, DEFAULT],
  ['bias-lr-scale', 1, DEFAULT],
  ['label-smoothing', 0, DEFAULT],
  ['augment', 'inception', PRESETS],
  ['resize-size', 256, PRESETS],
  ['input-size', 224, PRESETS],
  ['mean', [0.485, 0.456, 0.406], PRESETS],
  ['std', [0.229, 0.224, 0.225], PRESETS],
];

const published = (top1: number, top5: number) => {
  return {
    top1,
    top5,
    protocol: 'ILSVRC-2012 val, centre crop (torchvision)',
    source: 'torchvision’s table of weights',
  };
};

// biome-ignore format: IMAGENET1K_V1 of torchvision/models, one network a row
const PUBLISHED = {
  'alexnet-torchvision': published(56.522, 79.066),
  'vgg11': published(69.020, 88.628),
  'vgg13': published(69.928, 89.246),
  'vgg16': published(71.592, 90.382),
  'vgg19': published(72.376, 90.876),
  'vgg11-bn': published(70.370, 89.810),
  'vgg13-bn': published(71.586, 90.374),
  'vgg16-bn': published(73.360, 91.516),
  'vgg19-bn': published(74.218, 91.842),
  'resnet18': published(69.758, 89.078),
  'resnet34': published(73.314, 91.420),
  'resnet50-torchvision': published(76.130, 92.862),
  'resnet101-torchvision': published(77.374, 93.546),
  'resnet152-torchvision': published(78.312, 94.046),
};

export const TORCHVISION: readonly NamedRecipe[] = [
  {
    networks: 'the networks for ImageNet',
    takes: (architecture) => isForImageNet(architecture) && isNormalised(architecture),
    settings: [...SETTINGS, ['lr', 0.1, DEFAULT]],
    published: PUBLISHED,
  },
  {
    networks: 'the networks for ImageNet',
    takes: (architecture) => isForImageNet(architecture) && !isNormalised(architecture),
    settings: [...SETTINGS, ['lr', 0.01, README]],
    published: PUBLISHED,
  },
];
