/** He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2015. */
import type { Departure, Family, PaperRow } from './paper-table.js';

/** The layers of stage `conv3_x`: conv3_1, conv3_2 and so on. */
export function stage(number: number): RegExp {
  return new RegExp(`^conv${number}_\\d+\\.`);
}

// biome-ignore format: table 1, one stage a row
export const IMAGENET_ROWS: readonly PaperRow[] = [
  { name: 'conv1',   layers: /^(conv1(_pad)?|bn1|relu1)$/,     printed: '112×112' },
  { name: 'conv2_x', layers: /^(pool1(_pad)?|conv2_\d+\..*)$/, printed: '56×56' },
  { name: 'conv3_x', layers: stage(3),                         printed: '28×28' },
  { name: 'conv4_x', layers: stage(4),                         printed: '14×14' },
  { name: 'conv5_x', layers: stage(5),                         printed: '7×7' },
  { name: 'average pool, fc', layers: /^(bn5|relu5|pool5|fc)$/, printed: '1×1' },
];

// biome-ignore format: the table of section 4.2; 6n + 2 layers in all
export const CIFAR_ROWS: readonly PaperRow[] = [
  { name: 'conv1',   layers: /^(conv1|bn1|relu1)$/,   printed: '32×32, 16 filters' },
  { name: 'conv2_x', layers: stage(2),                printed: '32×32, 2n layers, 16 filters' },
  { name: 'conv3_x', layers: stage(3),                printed: '16×16, 2n layers, 32 filters' },
  { name: 'conv4_x', layers: stage(4),                printed: '8×8, 2n layers, 64 filters' },
  { name: 'global average pool, fc', layers: /^(bn4|relu4|pool4|fc)$/ },
];

const VENUE = 'CVPR 2016';

// biome-ignore format: a column of table 1 a row
const COLUMNS = [
  { of: /^(resnet|plain)18$/,            column: '18-layer' },
  { of: /^(resnet|plain)34$/,            column: '34-layer' },
  { of: /^resnet50(-torchvision)?$/,     column: '50-layer' },
  { of: /^resnet101(-torchvision)?$/,    column: '101-layer' },
  { of: /^resnet152(-torchvision)?$/,    column: '152-layer' },
];

/** The last row of table 1. */
const FLOPS = {
  resnet18: '1.8 × 10⁹ FLOPs',
  resnet34: '3.6 × 10⁹ FLOPs',
  plain18: '1.8 × 10⁹ FLOPs',
  plain34: '3.6 × 10⁹ FLOPs',
  resnet50: '3.8 × 10⁹ FLOPs',
  resnet101: '7.6 × 10⁹ FLOPs',
  resnet152: '11.3 × 10⁹ FLOPs',
};

/** Table 6. */
const CIFAR_PARAMETERS = {
  'resnet20-cifar': '0.27 million parameters',
  'resnet32-cifar': '0.46 million parameters',
  'resnet44-cifar': '0.66 million parameters',
  'resnet56-cifar': '0.85 million parameters',
  'resnet110-cifar': '1.7 million parameters',
};

const CIFAR = /-cifar$/;
const OWN = /^(resnet|plain)\d+$/;
const BOTTLENECKS = /^resnet(50|101|152)$/;
const STRIDED = /-torchvision$/;
const HERE = { where: 'here', about: 'training' } as const;
const TORCHVISION = {
  where: 'torchvision',
  about: 'network',
  source: 'torchvision/models/resnet.py',
} as const;

export const NONE_FOR_CIFAR: Departure = {
  ...TORCHVISION,
  of: CIFAR,
  what: 'there is no network for 32×32 images',
};

export const RESNET: Family = {
  tables: [
    ...COLUMNS.map(({ of, column }) => ({
      of,
      venue: VENUE,
      source: `table 1, column ${column}, and figures 3 and 5`,
      rows: IMAGENET_ROWS,
      printed: FLOPS,
    })),
    {
      of: /^(resnet|plain)\d+-cifar$/,
      venue: VENUE,
      source: 'section 4.2 and table 6',
      rows: CIFAR_ROWS,
      printed: CIFAR_PARAMETERS,
    },
  ],
  // biome-ignore format: one departure a row
  departures: [
    { of: STRIDED, where: 'both', about: 'network', what: 'the first block of conv3_x, conv4_x and conv5_x has its stride in the 3×3 convolution (“ResNet v1.5”), which costs 6 % more multiply-adds in ResNet-50 and sees less of the image', source: 'torchvision/models/resnet.py; the paper’s models have it in the first 1×1' },
    { ...TORCHVISION, of: BOTTLENECKS, what: 'the stride is in the 3×3 convolution instead of the first 1×1 (“ResNet v1.5”), as in the networks here that end in `-torchvision`' },
    { ...TORCHVISION, of: /^plain/, what: 'there is no network without shortcuts' },
    NONE_FOR_CIFAR,
    { ...HERE, of: OWN, what: '90 epochs whose learning rate falls every 30', source: 'section 3.4: 600,000 steps of 256, about 120 epochs, and falls on plateaus' },
    { ...HERE, what: 'images are centred by the mean colour and divided by its deviation', source: 'section 3.4: by the mean of each pixel' },
    { ...HERE, what: 'fc is drawn as PyTorch’s Linear', source: 'section 3.4: He’s rule' },
    { ...HERE, of: OWN, what: 'the running statistics of batch normalisation are used as they are', source: 'the authors’ models: means over training images, computed after training' },
    { ...HERE, of: STRIDED, what: 'torchvision’s recipe', source: 'torchvision’s references/classification' },
    { ...HERE, of: /^resnet110-/, what: 'warms up for 400 steps', source: 'section 4.2: until the training error is below 80 %, about 400 steps' },
  ],
};
