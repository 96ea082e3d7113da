import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Transform } from '../augment/index.js';
import type { Half } from './layers/index.js';
import type { GivenOptions, OptionTable } from './options/table.js';

/** How the learning rate falls after the warm-up. */
export const SCHEDULES = [
  'step',
  'multistep',
  'plateau',
  'cosine',
  'poly',
  'exponential',
  'onecycle',
  'constant',
] as const;

/** How weights change; `sgd-caffe` is the rule of AlexNet's paper and of Caffe. */
export const OPTIMIZERS = ['sgd', 'sgd-caffe', 'rmsprop', 'lars', 'adamw', 'lamb'] as const;

/** How the learning rate is below its own in the warm-up. */
export const WARMUP_METHODS = ['linear', 'constant'] as const;

/**
 * How the network was trained in its paper: the defaults of `cnn train`. Named like its settings.
 */
export interface Recipe {
  readonly epochs: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly lrScheduler: (typeof SCHEDULES)[number];
  /** Epochs between two steps of the step schedule. */
  readonly lrStepSize: number;
  readonly lrGamma: number;
  /** Epochs after which the multistep schedule falls; below 1 shares of all epochs. */
  readonly lrMilestones?: readonly number[];
  readonly lrPower?: number;
  readonly lrWarmupSteps: number;
  readonly lrWarmupMethod?: (typeof WARMUP_METHODS)[number];
  /** The share of the rate with which the warm-up begins. */
  readonly lrWarmupDecay?: number;
  /** SGD by PyTorch's rule where it is absent. */
  readonly opt?: (typeof OPTIMIZERS)[number];
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  readonly decayBias: boolean;
  readonly biasLrScale: number;
  /** Factors of the rates of single layers: `cccp6=0.1`. */
  readonly layerLrScale?: readonly string[];
  readonly labelSmoothing: number;
  readonly transform: { readonly train: Transform; readonly val: Transform };
  /** In [0, 1] units: one number, or one for each of red, green and blue. */
  readonly mean: number[];
  readonly std: number[];
  readonly note?: string;
}

export interface BuildOptions {
  classes: number;
  size: number;
  channels: 1 | 3;
  /** The initial weights depend on the seed alone. */
  seed: number;
  /**
   * With the auxiliary heads, if the network has any: outputs are then [logits, those of each
   * head].
   */
  auxiliary?: boolean;
  /** For one of two processes that each compute a half of every layer; where `halves` says so. */
  half?: Half;
  /** Of the network's table; those left out are at their defaults. */
  options?: GivenOptions;
}

/** Accuracies in percent and how they were measured. */
export interface Published {
  readonly top1?: number;
  readonly top5?: number;
  readonly protocol: string;
  /** Where it was published, such as the table of a paper. */
  readonly source: string;
}

/** A network of the catalogue. */
export interface Architecture {
  readonly name: string;
  readonly family: string;
  readonly paper: {
    readonly title: string;
    readonly authors: string;
    readonly year: number;
    readonly url: string;
  };
  readonly size: number;
  readonly channels: 1 | 3;
  readonly classes: number;
  /** Trained parameters at the defaults, those of its options too, without auxiliary heads. */
  readonly parameters: number;
  /** Multiply-adds of convolutions and dense layers for one image at the defaults. */
  readonly macs: number;
  /** Layers with weights on the longest path. */
  readonly depth: number;
  readonly published?: Published;
  /** Heads that the network has in training only; their losses count `weight` times. */
  readonly auxiliary?: {
    readonly weight: number;
    /** Of the network with its heads. */
    readonly parameters: number;
    readonly macs: number;
  };
  readonly recipe: Recipe;
  /** What `--arch-options` can change. */
  readonly options?: OptionTable;
  /** The options with which it is built, where they are not the defaults: `lrn=false`. */
  readonly given?: readonly string[];
  /**
   * The module of torchvision's network that has the weights of a layer (`conv2_1.conv1` is
   * `layer1.0.conv1`), undefined for a layer without weights; absent where torchvision's weights do
   * not fit.
   */
  readonly torchvision?: (layer: string) => string | undefined;
  /** How keras.applications has it; absent where it does not. */
  readonly keras?: {
    /** Its layer with the weights of one of ours. */
    readonly layer: (layer: string) => string | undefined;
    /** The order of colours in its images. */
    readonly colours: 'RGB' | 'BGR';
    /** Its convolutions have biases where ours, before a normalisation, have none. */
    readonly biases?: boolean;
  };
  /** It can be built as two halves. */
  readonly halves?: true;
  /** A model of `classes` logits with every layer named. */
  build(options: BuildOptions): LayersModel;
}
