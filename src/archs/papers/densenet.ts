/** Huang, Liu, van der Maaten, Weinberger, "Densely Connected Convolutional Networks", 2016. */
import type { Family, PaperRow } from './paper-table.js';

const VENUE = 'CVPR 2017';

function denseBlock(number: number, printed?: string): PaperRow {
  const layers = new RegExp(`^dense${number}_\\d+\\.`);
  return { name: `Dense Block (${number})`, layers, ...(printed && { printed }) };
}

function transition(number: number, printed?: string): PaperRow {
  const layers = new RegExp(`^transition${number}\\.`);
  return { name: `Transition Layer (${number})`, layers, ...(printed && { printed }) };
}

// biome-ignore format: table 1, one row a row
const IMAGENET_ROWS: readonly PaperRow[] = [
  { name: 'Convolution', layers: /^(conv1(_pad)?|bn1|relu1)$/, printed: '112×112' },
  { name: 'Pooling',     layers: /^pool1(_pad)?$/,             printed: '56×56' },
  denseBlock(1, '56×56'),
  transition(1, '56×56, then 28×28'),
  denseBlock(2, '28×28'),
  transition(2, '28×28, then 14×14'),
  denseBlock(3, '14×14'),
  transition(3, '14×14, then 7×7'),
  denseBlock(4, '7×7'),
  { name: 'Classification Layer', layers: /^(bn5|relu5|pool5|fc)$/, printed: '1×1' },
];

// biome-ignore format: "Implementation Details" of section 3
const CIFAR_ROWS: readonly PaperRow[] = [
  { name: 'Convolution', layers: /^conv1$/ },
  denseBlock(1, '32×32'),
  transition(1),
  denseBlock(2, '16×16'),
  transition(2),
  denseBlock(3, '8×8'),
  { name: 'Classification Layer', layers: /^(bn4|relu4|pool4|fc)$/ },
];

const IMAGENET = /^densenet\d+$/;

export const DENSENET: Family = {
  tables: [
    {
      of: IMAGENET,
      venue: VENUE,
      source: 'table 1, where each “conv” is batch normalisation, ReLU and convolution',
      rows: IMAGENET_ROWS,
    },
    {
      of: /^densenet40-k12$/,
      venue: VENUE,
      source: 'section 3 (“Implementation Details”) and table 2, L = 40, k = 12',
      rows: CIFAR_ROWS,
      printed: { 'densenet40-k12': '1.0 million parameters' },
    },
    {
      of: /^densenet-bc100-k12$/,
      venue: VENUE,
      source: 'section 3 (“Implementation Details”) and table 2, DenseNet-BC, L = 100, k = 12',
      rows: CIFAR_ROWS,
      printed: { 'densenet-bc100-k12': '0.8 million parameters' },
    },
  ],
  // biome-ignore format: one departure a row
  departures: [
    { of: /^densenet161$/, where: 'here', about: 'network', what: 'this depth, with k = 48, is not in table 1', source: 'the authors’ repository, github.com/liuzhuang13/DenseNet' },
    { of: IMAGENET, where: 'here', about: 'training', what: 'brightness, contrast and saturation are not changed', source: 'fb.resnet.torch, whose settings the authors’ code has, changes them' },
    { of: /^densenet264$/, where: 'torchvision', about: 'network', what: 'this depth is not there', source: 'torchvision/models/densenet.py' },
    { of: /^densenet(40|-bc)/, where: 'torchvision', about: 'network', what: 'there is no network for 32×32 images', source: 'torchvision/models/densenet.py' },
  ],
};
