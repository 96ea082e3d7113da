/**
 * Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks",
 * 2012; Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014.
 */
import type { Family, PaperRow } from './paper-table.js';

// biome-ignore format: figure 2, one layer a row; the names are those of the authors' code
const ROWS: readonly PaperRow[] = [
  { name: 'conv1', layers: /^((conv|pool)1(_pad)?|norm1)$/, printed: '2 × 55×55×48, 253,440 neurons' },
  { name: 'conv2', layers: /^((conv|pool)2(_pad)?|norm2)$/, printed: '2 × 27×27×128, 186,624 neurons' },
  { name: 'conv3', layers: /^conv3$/,                       printed: '2 × 13×13×192, 64,896 neurons' },
  { name: 'conv4', layers: /^conv4$/,                       printed: '2 × 13×13×192, 64,896 neurons' },
  { name: 'conv5', layers: /^(conv|pool)5$/,                printed: '2 × 13×13×128, 43,264 neurons' },
  { name: 'fc6',   layers: /^(avgpool|flatten|fc6|drop6)$/, printed: '2 × 2048 neurons' },
  { name: 'fc7',   layers: /^(fc7|drop7)$/,                 printed: '2 × 2048 neurons' },
  { name: 'fc8',   layers: /^fc8$/,                         printed: '1000 neurons' },
];

const PAPER = /^alexnet(-1gpu)?$/;
const TOWER = /^alexnet-torchvision$/;
const HERE = { of: PAPER, where: 'here' } as const;
const TORCHVISION = {
  of: PAPER,
  where: 'torchvision',
  source: 'torchvision/models/alexnet.py',
} as const;

export const ALEXNET: Family = {
  tables: [
    {
      of: PAPER,
      venue: 'NIPS 2012',
      source: 'section 3.5 and figure 2',
      rows: ROWS,
      printed: { alexnet: '60 million parameters, 650,000 neurons' },
    },
    {
      of: TOWER,
      venue: 'arXiv:1404.5997',
      source: 'the network of one tower in a footnote on page 5',
      rows: ROWS.map(({ name, layers }) => ({ name, layers })),
    },
  ],
  // biome-ignore format: one departure a row
  departures: [
    { ...HERE, about: 'network', what: '224×224 images are padded by 2, to give maps of 55×55', source: 'figure 2 has 224×224 and 55×55, which without padding want 227×227' },
    { ...HERE, of: /-1gpu$/, about: 'network', what: 'one group in every convolution', source: 'section 3.5: conv2, conv4 and conv5 see the maps of their own GPU alone' },
    { ...HERE, about: 'training', what: 'biases that start at 1 in the paper start at 0.1; fc6 and fc7 from N(0, 0.005²)', source: 'Caffe’s bvlc_alexnet; section 5 has 1 and N(0, 0.01²)' },
    { ...HERE, about: 'training', what: 'biases learn at twice the rate and without decay', source: 'Caffe’s bvlc_alexnet' },
    { ...HERE, about: 'training', what: 'the learning rate warms up for 200 steps and falls at fixed epochs', source: 'section 5: it is divided by 10 by hand, three times' },
    { ...HERE, about: 'training', what: 'images are centred by the mean colour', source: 'section 2: by the mean image' },
    { ...HERE, about: 'training', what: 'one centre crop is evaluated; `cnn eval --crops 10` does as the paper', source: 'section 4.1: ten crops' },
    { ...TORCHVISION, about: 'network', what: 'one tower of 64, 192, 384, 256 and 256 filters, from another paper: `alexnet-torchvision`', source: 'torchvision/models/alexnet.py; arXiv:1404.5997' },
    { ...TORCHVISION, about: 'network', what: 'no local response normalisation and no groups' },
    { ...TORCHVISION, about: 'network', what: 'adaptive average pooling to 6×6 before fc6, so that other image sizes do' },
    { ...TORCHVISION, about: 'network', what: 'dropout comes before fc6 and fc7, not after them' },
    { of: TOWER, where: 'both', about: 'network', what: 'conv4 has 256 filters', source: 'the paper’s footnote has 384; cuda-convnet2’s layers-imagenet-1gpu.cfg has 256 (pytorch/vision pull request 704)' },
    { of: TOWER, where: 'both', about: 'network', what: 'conv1 pads by 2; adaptive average pooling to 6×6 before fc6', source: 'torchvision/models/alexnet.py' },
    { of: TOWER, where: 'here', about: 'network', what: 'fc6 takes values in the order rows, columns, maps; reading torchvision’s weights permutes them', source: 'torchvision has maps, rows, columns' },
  ],
};
