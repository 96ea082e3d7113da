/**
 * The recipe and the constants of every network of the catalogue as its source gives them: papers,
 * and the code of their authors, Caffe, torchvision and fb.resnet.torch. Written from there, never
 * from src/archs; `departures` is what the head of the network's file says that we do instead.
 */
import type { Recipe } from '../../src/archs/index.js';
import type { Transform } from '../../src/augment/index.js';
import type { Numbers, Row } from './recipe-row.js';

const accuracy = (top1: number, top5: number) => ({ published: { top1, top5 } });

// What holds where a source does not mention it.
const PLAIN = { lrWarmupSteps: 0, nesterov: false, labelSmoothing: 0 };
const TENTHS = { lrScheduler: 'step', lrGamma: 0.1 } as const;
const EVERYWHERE = { decayBias: true, biasLrScale: 1 };
/** v = momentum v - lr (g + decay w), w += v. */
const CAFFE_RULE = { opt: 'sgd-caffe' } as const;
// Caffe's models: lr_mult 2 and decay_mult 0 of biases.
const CAFFE_BIASES = { decayBias: false, biasLrScale: 2 };

// Of ImageNet's training images by torchvision's Normalize, in [0, 1].
const MEAN = { mean: [0.485, 0.456, 0.406] };
const IMAGENET = { ...MEAN, std: [0.229, 0.224, 0.225] };
/** Weights meant for grey levels of 0 to 255. */
const GREY_LEVELS = { std: [1 / 255, 1 / 255, 1 / 255] };
const CIFAR10 = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] };

const CENTRE: Transform = { resize: 256, crop: 'centre', size: 224, mirror: 0, pad: 0 };
const crop = (resize: Transform['resize'], colour?: number): Recipe['transform'] => ({
  train: {
    ...{ resize, crop: 'random', size: 224, mirror: 0.5, pad: 0 },
    ...(colour !== undefined && { colour }),
  },
  val: CENTRE,
});
const RANDOM_RESIZED: Transform = {
  ...{ resize: 256, crop: 'area', size: 224, mirror: 0.5, pad: 0 },
  ...{ area: [0.08, 1], aspect: [3 / 4, 4 / 3] },
};
const small = (size: number, mirror: number, pad: number): Recipe['transform'] => ({
  train: { resize: size, crop: 'random', size, mirror, pad },
  val: { resize: size, crop: 'centre', size, mirror: 0, pad: 0 },
});

const TORCH_NORM = { momentum: 0.9, epsilon: 1e-5 };
const HE_OUT: Row['initial'][number] = [/conv/, { he: 'out' }, 'none'];
const LINEAR: Row['initial'][number] = [/^fc$/, { uniform: 'pytorch' }, 'drawn'];
const RESIDUAL = { initial: [HE_OUT, LINEAR], batchNorm: TORCH_NORM };

/** Of LeCun et al., 1998, are the 20 passes over the data and, as printed, levels and weights. */
const LENET_OURS: Partial<Numbers> = {
  ...PLAIN,
  ...{ batchSize: 128, lr: 0.05, lrScheduler: 'cosine', lrStepSize: 10, lrGamma: 0.1 },
  ...{ momentum: 0.9, weightDecay: 5e-4, decayBias: false, biasLrScale: 1 },
};
const LENET5: Row = {
  recipe: { epochs: 20, mean: [0.1307], std: [0.3081] },
  departures: { ...LENET_OURS, transform: small(28, 0, 2) },
  initial: [[/./, { uniform: 'glorot' }, 0]],
  published: { top1: 99.05 },
};
const LENET5_1998: Row = {
  // Background -0.1 and foreground 1.175.
  recipe: { epochs: 20, mean: [0.1 / 1.275], std: [1 / 1.275] },
  departures: {
    ...LENET_OURS,
    weightDecay: 0,
    transform: {
      train: { resize: 28, crop: 'random', size: 32, mirror: 0, pad: 4 },
      val: { resize: 28, crop: 'centre', size: 32, mirror: 0, pad: 2 },
    },
  },
  initial: [[/./, { uniform: 'lecun' }, 'drawn']],
  published: { top1: 99.05 },
};
/** Géron, 3rd edition: he_normal but in the last layer, `compile(optimizer="nadam")`, `epochs=10`. */
const SIMPLE_CNN: Row = {
  recipe: { epochs: 10, batchSize: 32, weightDecay: 0 },
  departures: {
    ...LENET_OURS,
    ...{ epochs: 20, lr: 0.01, transform: small(28, 0, 2), mean: [0.286], std: [0.353] },
  },
  initial: [
    [/^fc8$/, { uniform: 'glorot' }, 0],
    [/./, { he: 'in' }, 0],
  ],
  dropout: { drop6: [0.5, 'fc6'], drop7: [0.5, 'fc7'] },
  published: { top1: 92 },
};

/** Krizhevsky et al., 2012, sections 3.3, 4 and 5, and where that departs Caffe's bvlc_alexnet. */
const ALEXNET: Row = {
  recipe: {
    ...{ ...PLAIN, ...TENTHS, ...EVERYWHERE, ...GREY_LEVELS, ...CAFFE_RULE },
    transform: crop(256, 0.1),
    ...{ epochs: 90, batchSize: 128, lr: 0.01, momentum: 0.9, weightDecay: 5e-4 },
  },
  departures: { ...MEAN, lrStepSize: 30, lrWarmupSteps: 200, ...CAFFE_BIASES },
  initial: [
    [/^conv[13]$/, { normal: 0.01 }, 0],
    [/^conv[245]$/, { normal: 0.01 }, 0.1],
    [/^fc[67]$/, { normal: 0.005 }, 0.1],
    [/^fc8$/, { normal: 0.01 }, 0],
  ],
  dropout: { drop6: [0.5, 'fc6'], drop7: [0.5, 'fc7'] },
  localResponse: { norm1: [5, 2, 1e-4, 0.75], norm2: [5, 2, 1e-4, 0.75] },
};

/** The settings on which all later papers agree. */
const SGD = {
  ...{ ...PLAIN, ...TENTHS, ...EVERYWHERE },
  ...{ batchSize: 256, lr: 0.1, momentum: 0.9, weightDecay: 1e-4 },
};

/** torchvision's references/classification/train.py: its defaults, on 8 GPUs of 32 images. */
const TORCHVISION: Partial<Numbers> = {
  ...{ ...SGD, ...IMAGENET, epochs: 90, lrStepSize: 30 },
  transform: { train: RANDOM_RESIZED, val: CENTRE },
};
/** Its README: AlexNet and the VGG networks without batch normalisation take `--lr 1e-2`. */
const ALEXNET_TORCHVISION: Row = {
  recipe: { ...TORCHVISION, lr: 0.01 },
  initial: [[/./, { uniform: 'pytorch' }, 'drawn']],
  dropout: { drop6: [0.5, 'flatten'], drop7: [0.5, 'fc6'] },
  ...accuracy(56.522, 79.066),
};

/** Caffe's model zoo, nin_imagenet: solver.prototxt, of 450,000 steps, and train_val.prototxt. */
const NIN: Row = {
  recipe: {
    ...{ ...PLAIN, ...TENTHS, ...CAFFE_BIASES, ...GREY_LEVELS, ...CAFFE_RULE },
    transform: crop(256),
    ...{ epochs: 22.5, batchSize: 64, lr: 0.01, lrStepSize: 10, momentum: 0.9, weightDecay: 5e-4 },
  },
  departures: { ...MEAN, epochs: 22 },
  initial: [
    [/^(conv1|conv3|cccp8)$/, { normal: 0.01 }, 0],
    [/./, { normal: 0.05 }, 0],
  ],
  dropout: { drop3: [0.5, 'pool3'] },
  published: { top1: 59.36 },
};
/** Section 4 and table 1 of the paper; github.com/mavenlin/cuda-convnet, NIN/cifar-10_def and README. */
const NIN_CIFAR: Row = {
  recipe: {
    ...{ ...PLAIN, ...TENTHS, ...CAFFE_BIASES, ...CAFFE_RULE, transform: small(32, 0.5, 4) },
    ...{
      epochs: 260,
      batchSize: 128,
      lr: 0.1,
      momentum: 0.9,
      weightDecay: 1e-4,
      layerLrScale: ['cccp6=0.1'],
    },
  },
  departures: { ...CIFAR10, lrStepSize: 87 },
  initial: [[/./, { normal: 0.05 }, 0]],
  dropout: { drop1: [0.5, 'pool1'], drop2: [0.5, 'pool2'] },
  published: { top1: 91.19 },
};

/** Simonyan and Zisserman, 2014, section 3.1; accuracies of table 3, trained and tested at 256. */
const VGG: Row = {
  recipe: {
    ...{ ...PLAIN, ...TENTHS, ...EVERYWHERE, ...MEAN, ...CAFFE_RULE },
    transform: crop([256, 512], 0.1),
    ...{ epochs: 74, batchSize: 256, lr: 0.01, momentum: 0.9, weightDecay: 5e-4 },
  },
  departures: { std: IMAGENET.std, lrStepSize: 20 },
  // He's: a departure that all of the table's networks need.
  initial: [
    [/^conv/, { he: 'out' }, 0],
    [/^fc[67]$/, { he: 'in' }, 0],
    [/^fc8$/, { normal: 0.01 }, 0],
  ],
  dropout: { drop6: [0.5, 'fc6'], drop7: [0.5, 'fc7'] },
};
/** torchvision's README: the networks with batch normalisation take the defaults. */
const VGG_BN: Row = { ...VGG, recipe: TORCHVISION, departures: {}, batchNorm: TORCH_NORM };

/** Caffe's bvlc_googlenet: quick_solver.prototxt (2,400,000 steps of 32) and train_val.prototxt. */
const GOOGLENET: Row = {
  recipe: {
    ...{ ...PLAIN, ...CAFFE_BIASES, ...MEAN, ...GREY_LEVELS, ...CAFFE_RULE },
    ...{ lrScheduler: 'poly', lrPower: 0.5 },
    ...{ epochs: 60, batchSize: 32, lr: 0.01, momentum: 0.9, weightDecay: 2e-4 },
    // Szegedy et al., 2014, section 6.
    transform: { train: RANDOM_RESIZED, val: CENTRE },
  },
  departures: { lrStepSize: 30, lrGamma: 0.1 },
  initial: [
    [/^(fc|aux\d\.fc2)$/, { uniform: 'caffe' }, 0],
    [/./, { uniform: 'caffe' }, 0.2],
  ],
  dropout: {
    drop: [0.4, 'pool5'],
    'aux1.drop': [0.7, 'aux1.fc1'],
    'aux2.drop': [0.7, 'aux2.fc1'],
  },
  // AlexNet's: a departure; Caffe has k = 1 and α / n.
  localResponse: { norm1: [5, 2, 1e-4, 0.75], norm2: [5, 2, 1e-4, 0.75] },
  heads: {
    weight: 0.3,
    after: ['inception4a.concat', 'inception4d.concat'],
    pool: { size: 5, stride: 3 },
    filters: 128,
    units: 1024,
  },
  published: { top5: 89.93 },
};
const GOOGLENET_BN: Row = {
  recipe: TORCHVISION,
  initial: [
    [/^(fc|aux\d\.fc2)$/, { uniform: 'caffe' }, 0],
    [/fc1$/, { uniform: 'caffe' }, 0.2],
    [/./, { uniform: 'caffe' }, 'none'],
  ],
  dropout: GOOGLENET.dropout ?? {},
  batchNorm: { momentum: 0.9, epsilon: 1e-3 },
  ...(GOOGLENET.heads && { heads: GOOGLENET.heads }),
};
/** torchvision/models/googlenet.py: trunc_normal_(std=0.01), BatchNorm2d(eps=0.001), dropout 0.2. */
const GOOGLENET_TORCHVISION: Row = {
  ...GOOGLENET_BN,
  initial: [
    [/fc/, { normal: 0.01 }, 'drawn'],
    [/./, { normal: 0.01 }, 'none'],
  ],
  dropout: { ...GOOGLENET.dropout, drop: [0.2, 'pool5'] },
  ...(GOOGLENET.heads && { heads: { ...GOOGLENET.heads, pool: { output: 4 } } }),
  ...accuracy(69.778, 89.53),
};

/** He et al., 2015, section 3.4: 600,000 steps of 256 images. */
const RESNET: Row = {
  ...RESIDUAL,
  recipe: { ...SGD, epochs: 120, transform: crop([256, 480], 0.1) },
  departures: { ...IMAGENET, epochs: 90, lrStepSize: 30 },
};
const RESNET_TORCHVISION: Row = { ...RESIDUAL, recipe: TORCHVISION };
/** fb.resnet.torch: opts.lua, train.lua and datasets/imagenet.lua. */
const TORCH: Partial<Numbers> = {
  ...TORCHVISION,
  nesterov: true,
  transform: { train: { ...RANDOM_RESIZED, colour: 0.1 }, val: CENTRE },
};
/** Its models set the biases of Linear to 0, and so do those that are made of it. */
const TORCH_MODEL = {
  initial: [HE_OUT, [/^fc$/, { uniform: 'pytorch' }, 0]] as Row['initial'],
  batchNorm: TORCH_NORM,
};
const PRERESNET: Row = { ...TORCH_MODEL, recipe: TORCH };
const DENSENET: Row = { ...TORCH_MODEL, recipe: TORCH };

/** He et al., 2015, section 4.2: 64,000 steps of 128, the rate falls after 32,000 and 48,000. */
const HALF_AND_THREE_QUARTERS = { lrScheduler: 'multistep', lrMilestones: [0.5, 0.75] } as const;
const RESNET_CIFAR: Row = {
  ...RESIDUAL,
  recipe: {
    ...{ ...SGD, ...HALF_AND_THREE_QUARTERS, epochs: 164, batchSize: 128 },
    transform: small(32, 0.5, 4),
  },
  departures: { ...CIFAR10, lrStepSize: 30 },
};
/** He et al., 2016, appendix: the first 400 steps at a tenth of the rate. */
const WARMED_UP = {
  recipe: { ...RESNET_CIFAR.recipe, lrWarmupMethod: 'constant', lrWarmupDecay: 0.1 },
  departures: { ...RESNET_CIFAR.departures, lrWarmupSteps: 400 },
} as const;
const PRERESNET_CIFAR: Row = { ...TORCH_MODEL, ...WARMED_UP };
/** Huang et al., 2016, section 4.2: the rate falls after 150 and 225 of 300 epochs. */
const DENSENET_CIFAR: Row = {
  ...TORCH_MODEL,
  recipe: { ...RESNET_CIFAR.recipe, ...CIFAR10, epochs: 300, batchSize: 64, nesterov: true },
  departures: { lrStepSize: 30 },
};

// biome-ignore format: one network a row
export const RECIPES: Readonly<Record<string, Row>> = {
  'lenet5': LENET5,
  'lenet5-1998': LENET5_1998,
  'simple-cnn': SIMPLE_CNN,
  'alexnet': { ...ALEXNET, ...accuracy(59.3, 81.8) },
  'alexnet-1gpu': ALEXNET,
  'alexnet-torchvision': ALEXNET_TORCHVISION,
  'nin': NIN,
  'nin-cifar': NIN_CIFAR,
  'vgg11': { ...VGG, ...accuracy(70.4, 89.6) },
  'vgg11-lrn': { ...VGG, ...accuracy(70.3, 89.5), localResponse: { norm1: [5, 2, 1e-4, 0.75] } },
  'vgg13': { ...VGG, ...accuracy(71.3, 90.1) },
  'vgg16-1x1': { ...VGG, ...accuracy(71.9, 90.6) },
  'vgg16': { ...VGG, ...accuracy(73, 91.2) },
  'vgg19': { ...VGG, ...accuracy(72.7, 91) },
  'vgg11-bn': { ...VGG_BN, ...accuracy(70.37, 89.81) },
  'vgg13-bn': { ...VGG_BN, ...accuracy(71.586, 90.374) },
  'vgg16-bn': { ...VGG_BN, ...accuracy(73.36, 91.516) },
  'vgg19-bn': { ...VGG_BN, ...accuracy(74.218, 91.842) },
  'googlenet': GOOGLENET,
  'googlenet-bn': GOOGLENET_BN,
  'googlenet-torchvision': GOOGLENET_TORCHVISION,
  'resnet18': { ...RESNET, ...accuracy(69.57, 89.24) },
  'resnet34': { ...RESNET, ...accuracy(73.27, 91.26) },
  'resnet50': { ...RESNET, ...accuracy(75.3, 92.2) },
  'resnet101': { ...RESNET, ...accuracy(76.4, 92.9) },
  'resnet152': { ...RESNET, ...accuracy(77, 93.3) },
  'resnet50-torchvision': { ...RESNET_TORCHVISION, ...accuracy(76.13, 92.862) },
  'resnet101-torchvision': { ...RESNET_TORCHVISION, ...accuracy(77.374, 93.546) },
  'resnet152-torchvision': { ...RESNET_TORCHVISION, ...accuracy(78.312, 94.046) },
  'plain18': { ...RESNET, published: { top1: 72.06 } },
  'plain34': { ...RESNET, ...accuracy(71.46, 89.98) },
  'preresnet50': PRERESNET,
  'preresnet101': PRERESNET,
  'preresnet152': { ...PRERESNET, ...accuracy(78.9, 94.5) },
  'preresnet200': { ...PRERESNET, ...accuracy(79.3, 94.7) },
  'resnet20-cifar': { ...RESNET_CIFAR, published: { top1: 91.25 } },
  'resnet32-cifar': { ...RESNET_CIFAR, published: { top1: 92.49 } },
  'resnet44-cifar': { ...RESNET_CIFAR, published: { top1: 92.83 } },
  'resnet56-cifar': { ...RESNET_CIFAR, published: { top1: 93.03 } },
  'resnet110-cifar': { ...RESNET_CIFAR, ...WARMED_UP, published: { top1: 93.57 } },
  'plain20-cifar': RESNET_CIFAR,
  'plain32-cifar': RESNET_CIFAR,
  'plain44-cifar': RESNET_CIFAR,
  'plain56-cifar': RESNET_CIFAR,
  'preresnet20-cifar': PRERESNET_CIFAR,
  'preresnet56-cifar': PRERESNET_CIFAR,
  'preresnet110-cifar': { ...PRERESNET_CIFAR, published: { top1: 93.63 } },
  'preresnet164-cifar': { ...PRERESNET_CIFAR, published: { top1: 94.54 } },
  'densenet121': { ...DENSENET, ...accuracy(74.98, 92.29) },
  'densenet161': { ...DENSENET, ...accuracy(77.138, 93.56) },
  'densenet169': { ...DENSENET, ...accuracy(76.2, 93.15) },
  'densenet201': { ...DENSENET, ...accuracy(77.42, 93.66) },
  'densenet264': { ...DENSENET, ...accuracy(77.85, 93.88) },
  'densenet40-k12': { ...DENSENET_CIFAR, published: { top1: 94.76 } },
  'densenet-bc100-k12': { ...DENSENET_CIFAR, published: { top1: 95.49 } },
};
