/**
 * The option table: one row per setting. Flags, the keys of `--config FILE` and the settings in
 * run.json all come from it. To add a setting, add a row and name it in `COMMAND_OPTIONS`.
 */
import { type Architecture, SCHEDULES } from '../archs/architecture.js';
import { MAX_PIXELS } from '../data/decode/decode-options.js';

/** The headings of `--help`, in their order. */
export const GROUPS = {
  network: 'Network',
  dataset: 'Dataset',
  training: 'Training',
  images: 'Images',
  augmentation: 'Augmentation',
  machine: 'Machine',
  measurement: 'Measurement',
  output: 'Output',
} as const;

interface Row {
  readonly group: keyof typeof GROUPS;
  readonly aliases?: readonly string[];
  /** Names in torchvision, timm, PyTorch's examples, Keras and ultralytics. */
  readonly synonyms?: readonly string[];
  /** Names in earlier versions, which `--help` does not show. */
  readonly formerly?: readonly string[];
  /** Other words for choices, in lower case. */
  readonly choiceSynonyms?: Readonly<Record<string, string>>;
  /**
   * `colour`: one number, or one for each of red, green and blue. `range`: the least and the
   * greatest; a single number stands for both.
   */
  readonly kind: 'text' | 'number' | 'integer' | 'boolean' | 'choice' | 'colour' | 'range';
  readonly choices?: readonly (string | number)[];
  /** What a text names, for the completion in a shell. */
  readonly names?: 'networks' | 'modules' | 'datasets' | 'runs' | 'files';
  /** Bounds: `above` and `below` are exclusive, the others inclusive. */
  readonly above?: number;
  readonly below?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly unit?: string;
  /** null: not set, which means what `auto` says. Absent where the recipe has the value. */
  readonly default?: string | number | boolean | null;
  /** What to do where something else was given, as for another program. */
  readonly instead?: string;
  /** What null means, for `--help`; absent where the command asks for a value. */
  readonly auto?: string;
  /** The value in the recipe of an architecture. */
  readonly recipe?: (architecture: Architecture) => Value;
  readonly help: string;
}

export const OPTIONS = {
  arch: {
    group: 'network',
    synonyms: ['model'],
    aliases: ['a'],
    kind: 'text',
    names: 'networks',
    default: null,
    help: 'network, by a name that "cnn archs" lists',
  },
  data: {
    group: 'dataset',
    synonyms: ['data-dir', 'data-path', 'dataset'],
    kind: 'text',
    names: 'datasets',
    default: null,
    help: 'directory or tar file in a layout that "cnn data check" knows, or mnist, fashion-mnist, synthetic',
  },
  'val-fraction': {
    group: 'dataset',
    synonyms: ['validation-split'],
    kind: 'number',
    above: 0,
    below: 1,
    default: null,
    auto: 'the validation images of the data',
    help: 'share of the training images of each class that becomes the validation set, for data without one',
  },
  subset: {
    group: 'dataset',
    kind: 'text',
    names: 'files',
    default: null,
    help: 'training images: a share of each class (0.1), a number of each (50/class), or a file with their names',
  },
  classes: {
    group: 'dataset',
    kind: 'text',
    names: 'files',
    default: null,
    help: 'classes that are used: a,b,c or a file with one on each line',
  },
  epochs: {
    group: 'training',
    kind: 'integer',
    above: 0,
    recipe: ({ recipe }) => recipe.epochs,
    help: 'passes over the training set',
  },
  'max-steps': {
    group: 'training',
    kind: 'integer',
    above: 0,
    default: null,
    auto: 'no limit',
    help: 'stop after this many steps in all; the learning rate still follows --epochs',
  },
  'dry-run': {
    group: 'training',
    kind: 'boolean',
    default: false,
    help: 'only show the size of the network and the data and how long the run would take',
  },
  'batch-size': {
    group: 'training',
    synonyms: ['batch', 'train-batch-size', 'validation-batch-size'],
    aliases: ['b'],
    kind: 'integer',
    above: 0,
    unit: 'images',
    recipe: ({ recipe }) => recipe.batchSize,
    help: 'images in a step',
  },
  lr: {
    group: 'training',
    synonyms: ['learning-rate', 'lr0'],
    kind: 'number',
    above: 0,
    recipe: ({ recipe }) => recipe.lr,
    help: 'learning rate',
  },
  'lr-scheduler': {
    group: 'training',
    synonyms: ['sched', 'scheduler'],
    choiceSynonyms: { steplr: 'step', cosineannealinglr: 'cosine' },
    kind: 'choice',
    choices: SCHEDULES,
    recipe: ({ recipe }) => recipe.lrScheduler,
    help: 'how the learning rate falls',
  },
  'lr-step-size': {
    group: 'training',
    synonyms: ['decay-epochs'],
    kind: 'integer',
    above: 0,
    unit: 'epochs',
    recipe: ({ recipe }) => recipe.lrStepSize,
    help: 'step schedule: epochs between two falls',
  },
  'lr-gamma': {
    group: 'training',
    synonyms: ['decay-rate', 'dr', 'gamma'],
    kind: 'number',
    above: 0,
    atMost: 1,
    recipe: ({ recipe }) => recipe.lrGamma,
    help: 'step schedule: factor of a fall',
  },
  'lr-warmup-steps': {
    group: 'training',
    kind: 'integer',
    atLeast: 0,
    unit: 'steps',
    recipe: ({ recipe }) => recipe.lrWarmupSteps,
    help: 'steps in which the learning rate rises linearly from 0',
  },
  momentum: {
    group: 'training',
    kind: 'number',
    atLeast: 0,
    below: 1,
    recipe: ({ recipe }) => recipe.momentum,
    help: 'momentum of SGD',
  },
  nesterov: {
    group: 'training',
    kind: 'boolean',
    recipe: ({ recipe }) => recipe.nesterov,
    help: "Nesterov's momentum",
  },
  'weight-decay': {
    group: 'training',
    aliases: ['wd'],
    kind: 'number',
    atLeast: 0,
    recipe: ({ recipe }) => recipe.weightDecay,
    help: 'weight decay',
  },
  'label-smoothing': {
    group: 'training',
    synonyms: ['smoothing'],
    kind: 'number',
    atLeast: 0,
    below: 1,
    recipe: ({ recipe }) => recipe.labelSmoothing,
    help: 'share of the target spread over all classes',
  },
  'aux-weight': {
    group: 'training',
    kind: 'number',
    atLeast: 0,
    recipe: ({ auxiliary }) => auxiliary?.weight ?? 0,
    help: 'share of the loss of each auxiliary head; 0 trains without heads',
  },
  'input-size': {
    group: 'network',
    synonyms: ['img-size', 'imgsz', 'train-crop-size'],
    kind: 'integer',
    above: 0,
    unit: 'pixels',
    recipe: ({ size }) => size,
    help: 'side of the image that the network sees',
  },
  channels: {
    group: 'network',
    synonyms: ['in-chans'],
    kind: 'choice',
    choices: [1, 3],
    recipe: ({ channels }) => channels,
    help: '1 (grey) or 3 (RGB)',
  },
  mean: {
    group: 'images',
    kind: 'colour',
    atLeast: 0,
    atMost: 1,
    recipe: ({ recipe }) => recipe.mean,
    help: 'what is subtracted from the colours, in [0, 1] units',
  },
  std: {
    group: 'images',
    kind: 'colour',
    above: 0,
    recipe: ({ recipe }) => recipe.std,
    help: 'what the colours are divided by then, in [0, 1] units',
  },
  stats: {
    group: 'images',
    kind: 'choice',
    choices: ['recipe', 'dataset'],
    default: 'recipe',
    help: 'where mean, std and principal colours come from: the recipe, or what "cnn data stats" measured; --mean and --std win, and a recipe that only shifts its colours keeps its std',
  },
  augment: {
    group: 'augmentation',
    kind: 'choice',
    choices: ['none', 'alexnet', 'vgg', 'inception', 'resnet'],
    default: null,
    auto: 'recipe',
    help: 'how training images are cut out, mirrored and coloured; the options below change a part of it',
  },
  'train-resize-size': {
    group: 'augmentation',
    kind: 'range',
    atLeast: 1,
    unit: 'pixels',
    default: null,
    auto: 'by --augment',
    help: 'training: short side of the image before the crop; of two numbers any from the least to the most (scale jitter)',
  },
  'train-crop-mode': {
    group: 'augmentation',
    kind: 'choice',
    choiceSynonyms: { center: 'centre' },
    choices: ['random', 'centre', 'area'],
    default: null,
    auto: 'by --augment',
    help: 'training: a crop at a random place or in the centre, or a box of random area and aspect',
  },
  scale: {
    group: 'augmentation',
    kind: 'range',
    above: 0,
    atMost: 1,
    default: null,
    auto: 'by --augment',
    help: "training, crop mode area: the box's share of the image",
  },
  ratio: {
    group: 'augmentation',
    kind: 'range',
    above: 0,
    default: null,
    auto: 'by --augment',
    help: 'training, crop mode area: width / height of the box',
  },
  padding: {
    group: 'augmentation',
    kind: 'integer',
    atLeast: 0,
    unit: 'pixels',
    default: null,
    auto: 'by --augment',
    help: 'training: zeros put around the image before the crop, on each side',
  },
  hflip: {
    group: 'augmentation',
    synonyms: ['hflip-prob'],
    kind: 'number',
    atLeast: 0,
    atMost: 1,
    default: null,
    auto: 'by --augment',
    help: 'training: probability of mirroring left to right',
  },
  'color-pca': {
    group: 'augmentation',
    kind: 'number',
    atLeast: 0,
    default: null,
    auto: 'by --augment',
    help: "training: deviation of the shares of the principal colours that are added (AlexNet's paper: 0.1)",
  },
  'resize-size': {
    group: 'images',
    synonyms: ['val-resize-size'],
    kind: 'integer',
    above: 0,
    unit: 'pixels',
    default: null,
    auto: 'as in the evaluations of the training',
    help: 'short side of the image before the crop',
  },
  'crop-size': {
    group: 'images',
    synonyms: ['val-crop-size'],
    kind: 'integer',
    above: 0,
    unit: 'pixels',
    default: null,
    auto: 'as in the evaluations of the training',
    help: 'side of the square that is cut out, which is what the network sees',
  },
  weights: {
    group: 'network',
    synonyms: ['initial-checkpoint', 'pretrained-path'],
    kind: 'text',
    names: 'files',
    default: null,
    help: "file of weights in torchvision's or our names: .safetensors, or .pth of torch.save(model.state_dict())",
  },
  'weights-out': {
    group: 'output',
    kind: 'text',
    names: 'files',
    default: null,
    help: 'safetensors file for the weights after the last step',
  },
  freeze: {
    group: 'network',
    kind: 'text',
    default: null,
    help: 'regular expression; layers with a name that it matches are not trained',
  },
  seed: {
    group: 'training',
    kind: 'integer',
    atLeast: 0,
    atMost: 0xffffffff,
    default: 0,
    help: 'seed of weights, order, augmentation and dropout',
  },
  workers: {
    group: 'machine',
    synonyms: ['num-workers'],
    aliases: ['j'],
    kind: 'integer',
    above: 0,
    default: null,
    auto: 'by the cores',
    help: 'threads that decode images',
  },
  cache: {
    group: 'machine',
    kind: 'choice',
    choiceSynonyms: { ram: 'memory' },
    choices: ['auto', 'none', 'memory'],
    default: 'auto',
    help: 'keep decoded images in memory: while they fit in half of what is free, never, or as far as it goes',
  },
  'max-pixels': {
    group: 'dataset',
    kind: 'integer',
    above: 0,
    unit: 'pixels',
    default: MAX_PIXELS,
    help: 'larger images are refused and count as unreadable; the default is where Pillow refuses them',
  },
  'exif-rotate': {
    group: 'dataset',
    kind: 'boolean',
    default: false,
    help: 'turn images upright by their EXIF orientation, which Pillow and torchvision do not',
  },
  'on-bad-image': {
    group: 'dataset',
    kind: 'choice',
    choices: ['skip', 'fail'],
    default: 'skip',
    help: 'an image that cannot be read: leave it out of training and count it as wrong in evaluations, or end with an error that names it',
  },
  backend: {
    group: 'machine',
    kind: 'choice',
    choices: ['auto', 'cuda', 'cpu', 'tensorflow', 'js'],
    default: 'auto',
    help: 'what computes (see "cnn doctor")',
  },
  precision: {
    group: 'machine',
    synonyms: ['amp-dtype', 'dtype'],
    kind: 'choice',
    choiceSynonyms: { fp32: 'f32', float32: 'f32', bfloat16: 'bf16' },
    choices: ['auto', 'f32', 'tf32', 'bf16'],
    default: 'auto',
    help: 'number format of activations; auto is bf16 where the hardware has it, tf32 is f32 with products that a GPU may round to TF32',
  },
  device: {
    group: 'machine',
    synonyms: ['gpu', 'gpu-id'],
    kind: 'integer',
    atLeast: 0,
    default: 0,
    instead: '--backend chooses between GPU and processor',
    help: 'GPU that computes on backend cuda, by its number among those that CUDA_VISIBLE_DEVICES leaves',
  },
  deterministic: {
    group: 'machine',
    synonyms: ['use-deterministic-algorithms'],
    kind: 'boolean',
    default: true,
    help: 'the same seed gives the same bits on backend cuda; without it faster ways may be chosen that do not',
  },
  threads: {
    group: 'machine',
    synonyms: ['num-threads'],
    kind: 'integer',
    above: 0,
    default: null,
    auto: 'by the cores',
    help: 'threads that compute, on backend cpu',
  },
  'print-freq': {
    group: 'output',
    synonyms: ['log-interval', 'log-freq'],
    aliases: ['p'],
    kind: 'integer',
    above: 0,
    unit: 'steps',
    default: 50,
    help: 'steps between two reports',
  },
  output: {
    group: 'output',
    synonyms: ['output-dir', 'work-dir'],
    kind: 'text',
    names: 'files',
    default: null,
    help: 'directory in which the directory of the run is made (default: runs)',
  },
  experiment: {
    group: 'output',
    synonyms: ['name'],
    kind: 'text',
    default: null,
    auto: '<time>-<arch>',
    help: 'name of the directory of the run',
  },
  checkpoint: {
    group: 'network',
    synonyms: ['ckpt'],
    kind: 'text',
    names: 'runs',
    default: null,
    help: 'directory of a run or of one of its checkpoints',
  },
  resume: {
    group: 'output',
    kind: 'text',
    names: 'runs',
    default: null,
    auto: 'a new run',
    help: 'directory of a run to continue; its settings hold unless a flag changes them',
  },
  steps: {
    group: 'measurement',
    kind: 'integer',
    above: 0,
    default: 50,
    help: 'steps that are measured',
  },
  profile: {
    group: 'measurement',
    kind: 'boolean',
    default: false,
    help: "print the time of each kernel and layer beside the machine's measured peaks, on backend cpu",
  },
  trace: {
    group: 'measurement',
    kind: 'text',
    names: 'files',
    default: null,
    help: 'JSON file for a trace of the measured steps, which chrome://tracing and ui.perfetto.dev draw; profiles too',
  },
  warmup: {
    group: 'measurement',
    kind: 'integer',
    atLeast: 0,
    default: 10,
    help: 'steps before the measurement',
  },
  module: {
    group: 'network',
    kind: 'text',
    names: 'modules',
    default: null,
    help: 'textbook module in place of a network: inception-naive, inception, 5x5, 3x3-stack and others',
  },
  'in-channels': {
    group: 'network',
    kind: 'integer',
    above: 0,
    default: null,
    auto: 'those of the textbook',
    help: 'with --module: channels of its input',
  },
  'num-classes': {
    group: 'network',
    kind: 'integer',
    above: 0,
    recipe: ({ classes }) => classes,
    help: 'classes of the output',
  },
  auxiliary: {
    group: 'network',
    kind: 'boolean',
    default: false,
    help: 'with the auxiliary classifiers that a network has in training',
  },
  out: {
    group: 'output',
    kind: 'text',
    names: 'files',
    default: null,
    help: 'where the result is written',
  },
  size: {
    group: 'images',
    kind: 'integer',
    above: 0,
    unit: 'pixels',
    default: 256,
    help: 'short side of packed images; smaller ones stay as they are',
  },
  quality: {
    group: 'images',
    kind: 'integer',
    atLeast: 1,
    atMost: 100,
    default: 90,
    help: 'quality of packed JPEGs',
  },
  images: {
    group: 'output',
    formerly: ['pictures'],
    kind: 'integer',
    above: 0,
    default: 24,
    help: 'images on the sheet',
  },
  csv: {
    group: 'output',
    kind: 'boolean',
    default: false,
    help: 'print the table as CSV',
  },
  format: {
    group: 'output',
    kind: 'choice',
    choices: ['safetensors', 'tfjs'],
    default: 'safetensors',
    help: 'safetensors, one file; tfjs, a directory with model.json and weights.bin',
  },
  top: {
    group: 'output',
    synonyms: ['topk'],
    kind: 'integer',
    above: 0,
    default: 5,
    help: 'classes printed for an image',
  },
  logits: {
    group: 'output',
    kind: 'boolean',
    default: false,
    help: 'with --json: the output for every class',
  },
} as const satisfies Record<string, Row>;

export type OptionName = keyof typeof OPTIONS;

export type Value = string | number | boolean | null | readonly number[];

/** The table's row of an option, with every field that a row may have. */
export function optionRow(name: OptionName): Row {
  return OPTIONS[name];
}

/** All names of an option: its own first. */
export function namesOf(name: OptionName): readonly string[] {
  const { aliases = [], synonyms = [], formerly = [] } = optionRow(name);
  return [name, ...aliases, ...synonyms, ...formerly];
}

/** The option among `names` that has this name; `batch_size` is read as `batch-size`. */
export function findOption(names: readonly OptionName[], word: string): OptionName | undefined {
  const spelled = word.replaceAll('_', '-');
  return names.find((name) => namesOf(name).includes(spelled));
}

/** `batchSize` → `batch-size`. */
export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `batch-size` → `batchSize`. */
export function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
