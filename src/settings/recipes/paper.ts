/**
 * Where the settings of `--recipe paper` are from. The values are in src/archs/, with each network,
 * and so is what was published of it; src/archs/papers/ has what differs from its paper.
 */
import type { Architecture } from '../../archs/architecture.js';
import type { OptionName } from '../options/index.js';

/** A source, and the settings that are from it. */
type Sources = readonly (readonly [source: string, ...options: OptionName[]])[];

interface Paper {
  readonly networks: RegExp;
  readonly sources: Sources;
}

const OURS = 'of this project';
const OPTIMIZER: readonly OptionName[] = ['batch-size', 'lr', 'opt', 'momentum'];
const SHAPE: readonly OptionName[] = ['input-size', 'channels'];
const COLOURS: readonly OptionName[] = ['mean', 'std'];
const DECAYS: readonly OptionName[] = ['weight-decay', 'norm-weight-decay', 'bias-weight-decay'];
const FALLS: readonly OptionName[] = ['lr-scheduler', 'lr-step-size', 'lr-gamma'];
const WARMUP: readonly OptionName[] = ['lr-warmup-steps', 'lr-warmup-method', 'lr-warmup-decay'];
/** What a paper does not mention is not done; a power of 1 changes nothing. */
const NOT_MENTIONED: readonly OptionName[] = [
  'nesterov',
  'label-smoothing',
  'aux-weight',
  'lr-power',
  'lr-milestones',
  'layer-lr-scale',
];
const UNUSED = 'not mentioned, so not used';

const LENET = 'LeCun et al., 1998, section III';
const ALEXNET = 'Krizhevsky et al., 2012, section 5';
const CAFFE_ALEXNET = 'Caffe, bvlc_alexnet';
const NIN = 'Caffe’s model zoo, nin_imagenet';
const NIN_CIFAR = 'Lin et al., 2013, section 4; github.com/mavenlin/cuda-convnet';
const VGG = 'Simonyan and Zisserman, 2014, section 3.1';
const CAFFE_GOOGLENET = 'Caffe, bvlc_googlenet, quick_solver.prototxt';
const GOOGLENET = 'Szegedy et al., 2014, sections 5 and 6';
const RESNET = 'He et al., 2015, section 3.4';
const RESNET_CIFAR = 'He et al., 2015, section 4.2, and 2016, appendix';
const DENSENET_CIFAR = 'Huang et al., 2016, section 4.2';
const TORCH = 'fb.resnet.torch, opts.lua and train.lua';
const TORCHVISION = 'torchvision, references/classification, train.py';
const IMAGENET_COLOURS = 'of ImageNet’s training images, as in torchvision';
const GREY_LEVELS = 'of ImageNet’s training images; weights are meant for grey levels of 0 to 255';

export const PAPERS: readonly Paper[] = [
  {
    networks: /^(lenet5|lenet5-1998)$/,
    sources: [
      [LENET, 'epochs', ...SHAPE],
      ['of MNIST’s training images; lenet5-1998: as printed', ...COLOURS],
      [OURS, ...OPTIMIZER, ...FALLS, ...DECAYS, 'bias-lr-scale', ...WARMUP],
      [UNUSED, ...NOT_MENTIONED],
    ],
  },
  {
    networks: /^simple-cnn$/,
    sources: [
      ['Géron, 2019', ...SHAPE],
      ['of Fashion-MNIST’s training images', ...COLOURS],
      [OURS, 'epochs', ...OPTIMIZER, ...FALLS, ...DECAYS, 'bias-lr-scale', ...WARMUP],
      [UNUSED, ...NOT_MENTIONED],
    ],
  },
  {
    networks: /^alexnet(-1gpu)?$/,
    sources: [
      [ALEXNET, 'epochs', ...OPTIMIZER, 'weight-decay', 'lr-gamma', ...SHAPE],
      [`${ALEXNET}, falls by hand: at fixed epochs here`, 'lr-scheduler', 'lr-step-size'],
      [CAFFE_ALEXNET, 'norm-weight-decay', 'bias-weight-decay', 'bias-lr-scale'],
      [GREY_LEVELS, ...COLOURS],
      [`${OURS}: without it a large rate diverges`, ...WARMUP],
      [UNUSED, ...NOT_MENTIONED],
    ],
  },
  {
    networks: /^nin$/,
    sources: [
      [NIN, 'epochs', ...OPTIMIZER, ...FALLS, ...DECAYS, 'bias-lr-scale', ...SHAPE],
      [GREY_LEVELS, ...COLOURS],
      [UNUSED, ...NOT_MENTIONED, ...WARMUP],
    ],
  },
  {
    networks: /^nin-cifar$/,
    sources: [
      [NIN_CIFAR, 'epochs', ...OPTIMIZER, ...DECAYS, 'bias-lr-scale', 'layer-lr-scale'],
      [NIN_CIFAR, 'lr-gamma', ...SHAPE],
      [`${NIN_CIFAR}, falls by hand: at thirds here`, 'lr-scheduler', 'lr-step-size'],
      ['of CIFAR-10’s training images', ...COLOURS],
      [UNUSED, ...NOT_MENTIONED.filter((name) => name !== 'layer-lr-scale'), ...WARMUP],
    ],
  },
  {
    networks: /^vgg\d+(-lrn|-1x1)?$/,
    sources: [
      [VGG, 'epochs', ...OPTIMIZER, 'lr-gamma', ...DECAYS, 'bias-lr-scale', ...SHAPE],
      [`${VGG}, falls by hand: at fixed epochs here`, 'lr-scheduler', 'lr-step-size'],
      [IMAGENET_COLOURS, ...COLOURS],
      [UNUSED, ...NOT_MENTIONED, ...WARMUP],
    ],
  },
  {
    networks: /^googlenet$/,
    sources: [
      [CAFFE_GOOGLENET, 'epochs', ...OPTIMIZER, ...FALLS, 'lr-power', ...DECAYS, 'bias-lr-scale'],
      [GOOGLENET, 'aux-weight', ...SHAPE],
      [GREY_LEVELS, ...COLOURS],
      [UNUSED, 'nesterov', 'layer-lr-scale', 'label-smoothing', 'lr-milestones', ...WARMUP],
    ],
  },
  {
    networks: /^(resnet|plain)\d+$/,
    sources: [
      [RESNET, ...OPTIMIZER, 'lr-gamma', ...DECAYS, 'bias-lr-scale', ...SHAPE],
      [
        `${RESNET}, 600,000 steps that fall by hand: as ${TORCH}`,
        'epochs',
        'lr-scheduler',
        'lr-step-size',
      ],
      [IMAGENET_COLOURS, ...COLOURS],
      [UNUSED, ...NOT_MENTIONED, ...WARMUP],
    ],
  },
  {
    networks: /^((preresnet|resnet|plain)\d+-cifar|densenet.*-k12)$/,
    sources: [
      [`${RESNET_CIFAR}; ${DENSENET_CIFAR}`, 'epochs', ...OPTIMIZER, 'nesterov'],
      [
        `${RESNET_CIFAR}; ${DENSENET_CIFAR}`,
        ...FALLS,
        'lr-milestones',
        ...DECAYS,
        'bias-lr-scale',
        ...SHAPE,
      ],
      [`${RESNET_CIFAR}, until the error is below 80 %: for 400 steps here`, ...WARMUP],
      ['of CIFAR-10’s training images', ...COLOURS],
      [UNUSED, 'layer-lr-scale', 'label-smoothing', 'aux-weight', 'lr-power'],
    ],
  },
  {
    networks: /^(preresnet|densenet)\d+$/,
    sources: [
      [TORCH, 'epochs', ...OPTIMIZER, 'nesterov', ...FALLS, ...DECAYS, 'bias-lr-scale', ...SHAPE],
      [IMAGENET_COLOURS, ...COLOURS],
      [
        UNUSED,
        'layer-lr-scale',
        'label-smoothing',
        'aux-weight',
        'lr-power',
        'lr-milestones',
        ...WARMUP,
      ],
    ],
  },
  {
    networks: /-(torchvision|bn)$/,
    sources: [
      [TORCHVISION, 'epochs', ...OPTIMIZER, 'nesterov', ...FALLS, ...DECAYS, 'bias-lr-scale'],
      [TORCHVISION, 'label-smoothing', ...COLOURS, ...SHAPE, ...WARMUP],
      [GOOGLENET, 'aux-weight'],
      [UNUSED, 'layer-lr-scale', 'lr-power', 'lr-milestones'],
    ],
  },
];

/** Where a setting of a network's paper is from. */
export function paperSource(
  option: OptionName,
  { name }: Pick<Architecture, 'name'>,
): string | undefined {
  const paper = PAPERS.find(({ networks }) => networks.test(name));
  return paper?.sources.find(([, ...options]) => options.includes(option))?.[0];
}
