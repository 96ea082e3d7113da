/**
 * Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2014.
 */
import type { Family, PaperRow, PaperTable } from './paper-table.js';

const STAGES = [1, 2, 3, 4, 5];

const ROWS: readonly PaperRow[] = [
  ...STAGES.flatMap((stage) => [
    { name: `conv${stage}`, layers: new RegExp(`^((conv|bn|relu)${stage}_\\d|norm${stage})$`) },
    { name: `maxpool ${stage}`, layers: new RegExp(`^pool${stage}$`) },
  ]),
  { name: 'FC-4096 (fc6)', layers: /^(flatten|fc6|drop6)$/ },
  { name: 'FC-4096 (fc7)', layers: /^(fc7|drop7)$/ },
  { name: 'FC-1000 (fc8)', layers: /^fc8$/ },
];

// biome-ignore format: table 1: a configuration a row
const CONFIGURATIONS = [
  { name: 'A',     of: /^vgg11(-bn)?$/ },
  { name: 'A-LRN', of: /^vgg11-lrn$/ },
  { name: 'B',     of: /^vgg13(-bn)?$/ },
  { name: 'C',     of: /^vgg16-1x1$/ },
  { name: 'D',     of: /^vgg16(-bn)?$/ },
  { name: 'E',     of: /^vgg19(-bn)?$/ },
];

/** Table 2. */
const PARAMETERS = {
  vgg11: '133 million parameters',
  'vgg11-lrn': '133 million parameters',
  vgg13: '133 million parameters',
  'vgg16-1x1': '134 million parameters',
  vgg16: '138 million parameters',
  vgg19: '144 million parameters',
};

const NORM = /-bn$/;
const PLAIN = /^vgg\d+(-lrn|-1x1)?$/;
const HERE = { where: 'here', about: 'training' } as const;

export const VGG: Family = {
  tables: CONFIGURATIONS.map(
    ({ name, of }): PaperTable => ({
      of,
      venue: 'ICLR 2015',
      source: `table 1, configuration ${name}`,
      rows: ROWS,
      printed: PARAMETERS,
    }),
  ),
  // biome-ignore format: one departure a row
  departures: [
    { of: NORM, where: 'both', about: 'network', what: 'batch normalisation after each convolution', source: 'torchvision/models/vgg.py; it is younger than the paper' },
    { of: /^vgg\d+(-bn)?$/, where: 'torchvision', about: 'network', what: 'adaptive average pooling to 7×7 before fc6, so that other image sizes do; here fc6 has another size then', source: 'torchvision/models/vgg.py' },
    { of: /-(lrn|1x1)$/, where: 'torchvision', about: 'network', what: 'this configuration is not there', source: 'torchvision/models/vgg.py' },
    { ...HERE, what: 'images are divided by their deviation', source: 'section 2.1 takes the mean colour from them, no more' },
    { ...HERE, of: PLAIN, what: 'weights by He’s rule, with which all depths learn from the start', source: 'section 3.1 begins the deep ones with net A, or draws by Glorot’s rule' },
    { ...HERE, of: PLAIN, what: 'the learning rate falls every 20 epochs', source: 'section 3.1: when the validation accuracy stops improving' },
    { ...HERE, of: PLAIN, what: 'one centre crop is evaluated; `cnn eval --crops dense` does as the paper', source: 'section 3.2: dense evaluation' },
    { ...HERE, of: NORM, what: 'torchvision’s recipe', source: 'torchvision’s references/classification' },
    { ...HERE, of: NORM, what: 'fc6 and fc7 are drawn by He’s rule', source: 'torchvision/models/vgg.py: N(0, 0.01²)' },
  ],
};
