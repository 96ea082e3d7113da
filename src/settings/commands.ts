import type { OptionName } from './options/index.js';

const TRAINING_OPTIONS = [
  'recipe',
  'epochs',
  'batch-size',
  'grad-accum-steps',
  'label-smoothing',
  'bce-loss',
  'bce-target-thresh',
  'aux-weight',
  'dropout',
  'ema-decay',
  'early-stop-patience',
] as const satisfies readonly OptionName[];

export const SCHEDULE_OPTIONS = [
  'lr',
  'lr-scheduler',
  'lr-step-size',
  'lr-milestones',
  'lr-gamma',
  'lr-power',
  'lr-min',
  'cycle-momentum',
  'base-momentum',
  'max-momentum',
  'patience',
  'lr-warmup-steps',
  'lr-warmup-epochs',
  'lr-warmup-method',
  'lr-warmup-decay',
] as const satisfies readonly OptionName[];

const OPTIMIZER_OPTIONS = [
  'opt',
  'momentum',
  'nesterov',
  'opt-alpha',
  'opt-betas',
  'opt-eps',
  'weight-decay',
  'norm-weight-decay',
  'bias-weight-decay',
  'bias-lr-scale',
  'layer-lr-scale',
  'clip-grad-norm',
] as const satisfies readonly OptionName[];

/** What the network sees. */
const INPUT_OPTIONS = ['input-size', 'channels'] as const satisfies readonly OptionName[];
const COLOUR_OPTIONS = ['mean', 'std'] as const satisfies readonly OptionName[];

/** How training images are augmented. */
const AUGMENT_OPTIONS = [
  'augment',
  'train-resize-size',
  'train-crop-size',
  'train-crop-mode',
  'scale',
  'ratio',
  'padding',
  'hflip',
  'color-pca',
  'color-jitter',
  'auto-augment',
  'ra-magnitude',
  'ra-num-ops',
  'augmix-severity',
  'random-erase',
] as const satisfies readonly OptionName[];
/** How the images of a step are mixed and repeated. */
const MIX_OPTIONS = [
  'mixup-alpha',
  'cutmix-alpha',
  'repeated-augmentation',
] as const satisfies readonly OptionName[];

const MACHINE_OPTIONS = [
  'backend',
  'device',
  'precision',
  'deterministic',
  'threads',
] as const satisfies readonly OptionName[];

/** How an image becomes what the network sees. */
const VIEW_OPTIONS = [
  'resize-size',
  'crop-size',
  'channels',
  ...COLOUR_OPTIONS,
] as const satisfies readonly OptionName[];

/** Which images of a dataset are used; the draws follow --seed. */
const SELECTION_OPTIONS = [
  'val-fraction',
  'subset',
  'classes',
] as const satisfies readonly OptionName[];

/** How files become images. */
const READING_OPTIONS = ['max-pixels', 'exif-rotate'] as const satisfies readonly OptionName[];

/** Which views of an image are evaluated. */
const PROTOCOL_OPTIONS = ['crops', 'scales', 'mirror'] as const satisfies readonly OptionName[];

const LOADER_OPTIONS = ['workers', 'cache', 'decode'] as const satisfies readonly OptionName[];

/** What a new training takes. */
const NEW_RUN_OPTIONS = [
  'arch',
  'arch-options',
  'data',
  ...SELECTION_OPTIONS,
  ...TRAINING_OPTIONS,
  ...SCHEDULE_OPTIONS,
  ...OPTIMIZER_OPTIONS,
  ...INPUT_OPTIONS,
  ...COLOUR_OPTIONS,
  'stats',
  ...AUGMENT_OPTIONS,
  ...MIX_OPTIONS,
  'resize-size',
  'max-steps',
  'max-minutes',
  'rollback',
  'rollback-factor',
  'dry-run',
  'seed',
  'weights',
  'freeze',
  'weights-out',
  ...READING_OPTIONS,
  'on-bad-image',
  'max-bad-images',
  'data-patience',
  ...LOADER_OPTIONS,
  ...MACHINE_OPTIONS,
  'print-freq',
  'output',
  'experiment',
  'tensorboard',
  'mlflow',
  'checkpoint-minutes',
  'checkpoint-steps',
] as const satisfies readonly OptionName[];

/** The settings of each command, in the order of its `--help`. */
export const COMMAND_OPTIONS = {
  train: [...NEW_RUN_OPTIONS, 'resume', 'verify-resume', 'smoke'],
  rerun: ['checkpoint', 'other-data', ...NEW_RUN_OPTIONS],
  smoke: ['all', 'data', 'seed', 'jobs', ...MACHINE_OPTIONS, 'junit'],
  diff: ['csv'],
  eval: [
    'checkpoint',
    'ema',
    'arch',
    'arch-options',
    'weights',
    'data',
    'val-fraction',
    'classes',
    'seed',
    ...VIEW_OPTIONS,
    ...PROTOCOL_OPTIONS,
    'ensemble',
    'real-labels',
    'predictions',
    'per-class',
    'confusion',
    'csv',
    'batch-size',
    ...READING_OPTIONS,
    'on-bad-image',
    'max-bad-images',
    'data-patience',
    ...LOADER_OPTIONS,
    ...MACHINE_OPTIONS,
  ],
  compare: [
    'allow-differences',
    'ema',
    'data',
    'val-fraction',
    'classes',
    'seed',
    ...VIEW_OPTIONS,
    ...PROTOCOL_OPTIONS,
    'batch-size',
    ...READING_OPTIONS,
    'on-bad-image',
    'max-bad-images',
    'data-patience',
    'workers',
    ...MACHINE_OPTIONS,
  ],
  report: [
    'checkpoint',
    'ema',
    'evaluate',
    'data',
    'image',
    'mixed',
    'complexity',
    'output',
    'png',
    'svg',
    'workers',
    ...MACHINE_OPTIONS,
  ],
  predict: [
    'checkpoint',
    'ema',
    'arch',
    'arch-options',
    'weights',
    'top',
    'logits',
    ...VIEW_OPTIONS,
    'batch-size',
    ...READING_OPTIONS,
    'workers',
    'decode',
    ...MACHINE_OPTIONS,
  ],
  export: [
    'checkpoint',
    'ema',
    'arch',
    'arch-options',
    'weights',
    'format',
    'output',
    'with-softmax',
    'uint8-input',
    'input-size',
    'channels',
    'resize-size',
    ...COLOUR_OPTIONS,
  ],
  import: ['arch', 'arch-options', 'output', 'input-size', 'channels'],
  bench: [
    'arch',
    'arch-options',
    'data',
    ...SELECTION_OPTIONS,
    'steps',
    'warmup',
    'batch-size',
    'aux-weight',
    'input-size',
    'channels',
    'num-classes',
    'seed',
    ...AUGMENT_OPTIONS,
    ...LOADER_OPTIONS,
    ...MACHINE_OPTIONS,
    'profile',
    'trace',
  ],
  'bench-data': [
    'arch',
    'data',
    ...SELECTION_OPTIONS,
    'steps',
    'warmup',
    'batch-size',
    'input-size',
    'channels',
    ...AUGMENT_OPTIONS,
    'seed',
    'workers',
    'decode',
    'device',
  ],
  'data-check': ['data'],
  'data-stats': ['data', ...SELECTION_OPTIONS, 'seed', ...READING_OPTIONS, 'workers'],
  'data-verify': ['data', 'out', 'max-pixels', 'workers'],
  'data-pack': ['data', 'out', 'size', 'quality', ...READING_OPTIONS, 'on-bad-image', 'workers'],
  'data-preview': [
    'arch',
    'data',
    ...SELECTION_OPTIONS,
    'out',
    'images',
    'input-size',
    'channels',
    ...AUGMENT_OPTIONS,
    ...MIX_OPTIONS,
    'batch-size',
    'stats',
    'seed',
    ...READING_OPTIONS,
    'workers',
  ],
  'experiment-run': ['file', 'only', 'jobs', 'dry-run', 'data', 'workers', ...MACHINE_OPTIONS],
  'experiment-report': ['file', 'mixed'],
  explain: [
    'arch',
    'arch-options',
    'input-size',
    'channels',
    'num-classes',
    'auxiliary',
    'html',
    'svg',
  ],
  summary: [
    'arch',
    'arch-options',
    'module',
    'input-size',
    'train-crop-size',
    'channels',
    'in-channels',
    'num-classes',
    'auxiliary',
    'batch-size',
    'opt',
    'ema-decay',
    'grad-accum-steps',
    'precision',
    'csv',
  ],
} as const satisfies Record<string, readonly OptionName[]>;

export type CommandName = keyof typeof COMMAND_OPTIONS;

/** Help of an option in a command where it has another meaning than in all others. */
export const COMMAND_HELP: Partial<Record<CommandName, Partial<Record<OptionName, string>>>> = {
  bench: { 'num-classes': 'classes of synthetic data' },
  'bench-data': {
    arch: 'network whose images are made (default: alexnet)',
    workers: 'threads that decode images (default: one, two, four and so on up to all cores)',
    decode: 'what decodes JPEGs; with gpu both are measured',
  },
  rerun: {
    checkpoint: 'directory of the run whose settings are repeated',
    'resize-size': 'evaluation: short side of the image before the centre crop (default: recipe)',
  },
  eval: {
    seed: 'seed that --val-fraction was drawn with',
    csv: 'print the results as CSV, a row for each protocol',
  },
  compare: { seed: 'seed that --val-fraction was drawn with' },
  'data-stats': { seed: 'seed that --val-fraction and --subset are drawn with' },
  train: {
    'resize-size': 'evaluation: short side of the image before the centre crop (default: recipe)',
  },
  'data-verify': { out: 'CSV of the images that cannot be read (default: bad-images.csv)' },
  'data-pack': {
    out: 'directory of the shards',
    'on-bad-image':
      'an image that cannot be read: leave it out, or end with an error that names it',
  },
  'data-preview': {
    out: 'image that is written: .png, .jpg or .webp',
    stats: 'where principal colours come from: ImageNet, or what "cnn data stats" measured',
  },
  'experiment-run': {
    'dry-run': 'list the cells with what is done of them and the expected time, then stop',
    data: 'dataset of all cells, instead of that in the file',
    threads: 'threads of all jobs together (default: one for each core)',
  },
  report: {
    checkpoint: 'checkpoint that is evaluated: best or last (default: best)',
    data: 'dataset whose validation images are evaluated (default: that of the run)',
    mixed: 'rank runs of different data or protocols too',
    output: 'page that is written (default: report.html in the directory of the run)',
  },
  explain: { svg: 'SVG file for the drawing alone, on white' },
  export: {
    output: 'file that is written; with --format tfjs and tfjs-layers a new directory',
    'resize-size':
      'short side of the image before the centre crop, for what is said beside the network (default: as in the training)',
  },
  import: { output: 'safetensors file that is written' },
  smoke: {
    data: 'dataset of which a few images are taken (default: synthetic)',
    jobs: 'networks that train at the same time (default: one for each core, at most 4)',
    threads: 'threads of a network (default: the cores divided among the jobs)',
  },
  summary: {
    'batch-size': 'adds the memory of a training step of this many images',
    precision: 'number format of activations; auto is f32',
  },
};
