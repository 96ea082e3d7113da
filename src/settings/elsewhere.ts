import type { OptionName } from './options/index.js';

interface Hint {
  /** Only commands with this option get the hint. */
  readonly with: OptionName;
  readonly hint: string;
}

const EVALUATES: Hint = { with: 'epochs', hint: 'cnn eval evaluates' };
const CLIPPED: Hint = { with: 'epochs', hint: 'gradients are not clipped here' };
const OPTIMIZER: Hint = {
  with: 'epochs',
  hint: 'SGD with momentum is the only optimizer here',
};
const WARMUP: Hint = {
  with: 'lr-warmup-steps',
  hint: 'give --lr-warmup-steps, in which the learning rate rises linearly from 0',
};
const LEAST_RATE: Hint = { with: 'lr', hint: 'the cosine schedule falls to 0' };
const AVERAGED: Hint = { with: 'epochs', hint: 'weights are not averaged here' };
const AUGMENTATION: Hint = {
  with: 'augment',
  hint: 'there is no such augmentation here; --augment chooses among those of the papers',
};

/**
 * Settings of torchvision, timm, PyTorch's examples and ultralytics that are no synonym of an option,
 * with what to do instead.
 */
const HINTS: Readonly<Record<string, Hint>> = {
  amp: { with: 'precision', hint: 'give --precision bf16' },
  'clip-grad': CLIPPED,
  'clip-grad-norm': CLIPPED,
  'crop-pct': { with: 'resize-size', hint: 'give --resize-size in pixels' },
  'decay-milestones': {
    with: 'lr-step-size',
    hint: 'the step schedule falls every --lr-step-size epochs',
  },
  drop: { with: 'epochs', hint: 'each network has the dropout of its paper' },
  e: EVALUATES,
  evaluate: EVALUATES,
  'grad-accum-steps': { with: 'epochs', hint: 'gradients are not accumulated here' },
  interpolation: { with: 'resize-size', hint: 'images are resized bilinearly, with antialias' },
  'lr-min': LEAST_RATE,
  'lr-warmup-decay': WARMUP,
  'lr-warmup-epochs': WARMUP,
  'lr-warmup-method': WARMUP,
  'min-lr': LEAST_RATE,
  'model-ema': AVERAGED,
  'model-ema-decay': AVERAGED,
  'num-classes': { with: 'data', hint: 'the dataset says how many classes there are' },
  opt: OPTIMIZER,
  optimizer: OPTIMIZER,
  pretrained: { with: 'weights', hint: 'give --weights FILE' },
  'ra-sampler': {
    with: 'repeated-augmentation',
    hint: 'give --repeated-augmentation 3, which is how often a step has each of its images',
  },
  'start-epoch': { with: 'resume', hint: 'a run that is resumed knows its epoch' },
  'test-only': EVALUATES,
  vflip: AUGMENTATION,
  'warmup-epochs': WARMUP,
  'warmup-lr': WARMUP,
};

/** What to do instead of giving a setting of other programs, for a command with these options. */
export function elsewhere(name: string, options: readonly OptionName[]): string | undefined {
  const found = HINTS[name.replaceAll('_', '-')];
  return found !== undefined && options.includes(found.with) ? found.hint : undefined;
}
