import type { OptionName } from './options/index.js';

interface Hint {
  /** Only commands with this option get the hint. */
  readonly with: OptionName;
  readonly hint: string;
}

const EVALUATES: Hint = { with: 'epochs', hint: 'cnn eval evaluates' };
const AVERAGED: Hint = { with: 'epochs', hint: 'give --ema-decay 0.9999' };
const WARMUP: Hint = { with: 'lr-warmup-decay', hint: 'give --lr-warmup-decay, a share of --lr' };
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
  'crop-pct': { with: 'resize-size', hint: 'give --resize-size in pixels' },
  crops: {
    with: 'epochs',
    hint: 'a training evaluates the centre of each image; cnn eval has --crops',
  },
  e: EVALUATES,
  evaluate: EVALUATES,
  interpolation: { with: 'resize-size', hint: 'images are resized bilinearly, with antialias' },
  'model-ema': AVERAGED,
  'num-classes': { with: 'data', hint: 'the dataset says how many classes there are' },
  pretrained: { with: 'weights', hint: 'give --weights FILE' },
  'ra-sampler': {
    with: 'repeated-augmentation',
    hint: 'give --repeated-augmentation 3, which is how often a step has each of its images',
  },
  'results-file': { with: 'crops', hint: 'give --csv, or --predictions FILE for each image' },
  'start-epoch': { with: 'resume', hint: 'a run that is resumed knows its epoch' },
  'test-only': EVALUATES,
  tta: { with: 'crops', hint: 'give --mirror, or --crops 10' },
  vflip: AUGMENTATION,
  'warmup-lr': WARMUP,
};

/** What to do instead of giving a setting of other programs, for a command with these options. */
export function elsewhere(name: string, options: readonly OptionName[]): string | undefined {
  const found = HINTS[name.replaceAll('_', '-')];
  return found !== undefined && options.includes(found.with) ? found.hint : undefined;
}
