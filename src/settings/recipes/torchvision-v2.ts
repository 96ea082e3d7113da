/**
 * torchvision's newer recipe: pytorch/vision issue 3995, and the command that
 * references/classification/README.md gives for IMAGENET1K_V2.
 */
import type { NamedRecipe } from './recipe.js';

const COMMAND = 'README.md, "ResNet", the command of IMAGENET1K_V2';
const DEFAULT = 'train.py, default';
const ISSUE = 'issue 3995';
const PRESETS = 'presets.py';

const published = (top1: number, top5: number) => {
  return {
    top1,
    top5,
    protocol: 'ILSVRC-2012 val, centre crop of 224 at 232 (torchvision, averaged weights)',
    source: 'torchvision’s table of weights',
  };
};

export const TORCHVISION_V2: readonly NamedRecipe[] = [
  {
    networks: 'resnet50-torchvision, resnet101-torchvision and resnet152-torchvision',
    takes: ({ name }) => /^resnet(50|101|152)-torchvision$/.test(name),
    settings: [
      ['epochs', 600, COMMAND],
      ['batch-size', 1024, `${COMMAND}: 128 on each of 8 GPUs`],
      ['lr', 0.5, COMMAND],
      ['lr-scheduler', 'cosine', COMMAND],
      ['lr-min', 0, DEFAULT],
      ['lr-warmup-epochs', 5, COMMAND],
      ['lr-warmup-method', 'linear', COMMAND],
      ['lr-warmup-decay', 0.01, ISSUE],
      ['opt', 'sgd', DEFAULT],
      ['momentum', 0.9, DEFAULT],
      ['nesterov', false, DEFAULT],
      ['weight-decay', 2e-5, COMMAND],
      ['norm-weight-decay', 0, COMMAND],
      ['bias-weight-decay', null, DEFAULT],
      ['label-smoothing', 0.1, COMMAND],
      // 0.99998 is 1 - 2e-5, which train.py makes 1 - 2e-5 · 1024 · 32 / 600 every 32 steps: of that the
      // 32nd root.
      ['ema-decay', 0.999966, 'train.py: 0.99998 every 32 steps, adjusted to batch and epochs'],
      ['augment', 'inception', PRESETS],
      ['train-crop-size', 176, COMMAND],
      ['auto-augment', 'ta_wide', COMMAND],
      ['random-erase', 0.1, COMMAND],
      ['mixup-alpha', 0.2, COMMAND],
      ['cutmix-alpha', 1, COMMAND],
      ['repeated-augmentation', 4, COMMAND],
      ['resize-size', 232, COMMAND],
      ['input-size', 224, 'README.md: the crop of evaluation'],
    ],
    published: {
      'resnet50-torchvision': published(80.858, 95.434),
      'resnet101-torchvision': published(81.886, 95.78),
      'resnet152-torchvision': published(82.284, 96.002),
    },
  },
];
