/** Szegedy et al., "Going Deeper with Convolutions", 2014. */
import type { Family, PaperRow } from './paper-table.js';

// biome-ignore format: columns "output size", "params" and "ops" of table 1
const MODULES: readonly (readonly [id: string, printed: string])[] = [
  ['3a', '28×28×256, 159K, 128M'],
  ['3b', '28×28×480, 380K, 304M'],
  ['4a', '14×14×512, 364K, 73M'],
  ['4b', '14×14×512, 437K, 88M'],
  ['4c', '14×14×512, 463K, 100M'],
  ['4d', '14×14×528, 580K, 119M'],
  ['4e', '14×14×832, 840K, 170M'],
  ['5a', '7×7×832, 1072K, 54M'],
  ['5b', '7×7×1024, 1388K, 71M'],
];

/** The row of a module, and of the pooling or the classifier that follows it. */
function moduleRows([id, printed]: (typeof MODULES)[number]): PaperRow[] {
  const layers = new RegExp(`^inception${id}\\.`);
  return [{ name: `inception (${id})`, layers, printed }, ...(AFTER[id] ?? [])];
}

const AFTER: Readonly<Record<string, readonly PaperRow[]>> = {
  '3b': [{ name: 'max pool 3', layers: /^pool3(_pad)?$/, printed: '14×14×480' }],
  '4e': [{ name: 'max pool 4', layers: /^pool4(_pad)?$/, printed: '7×7×832' }],
};

const NORM = /-(bn|torchvision)$/;
const PORTED = /-torchvision$/;
const OWN = /^googlenet(-bn)?$/;
const HERE = { where: 'here' } as const;
const TORCHVISION = {
  where: 'torchvision',
  about: 'network',
  source: 'torchvision/models/googlenet.py',
} as const;

export const GOOGLENET: Family = {
  tables: [
    {
      of: /^googlenet/,
      venue: 'CVPR 2015',
      source: 'table 1 and figure 3',
      // biome-ignore format: one row a row
      rows: [
        { name: 'convolution 1', layers: /^conv1(_pad|\.bn|\.relu)?$/, printed: '112×112×64, 2.7K, 34M' },
        { name: 'max pool 1',    layers: /^(pool1(_pad)?|norm1)$/,     printed: '56×56×64' },
        { name: 'convolution 2', layers: /^(conv2\..*|norm2)$/,        printed: '56×56×192, 112K, 360M' },
        { name: 'max pool 2',    layers: /^pool2(_pad)?$/,             printed: '28×28×192' },
        ...MODULES.flatMap(moduleRows),
        { name: 'avg pool',      layers: /^pool5$/,                    printed: '1×1×1024' },
        { name: 'dropout',       layers: /^drop$/,                     printed: '1×1×1024' },
        { name: 'linear',        layers: /^fc$/,                       printed: '1×1×1000, 1000K, 1M' },
        { name: 'auxiliary 1',   layers: /^aux1\./ },
        { name: 'auxiliary 2',   layers: /^aux2\./ },
      ],
    },
  ],
  // biome-ignore format: one departure a row
  departures: [
    { ...HERE, of: /^googlenet$/, about: 'network', what: 'AlexNet’s constants of local response normalisation: k = 2, α = 1e-4, β = 0.75', source: 'the paper has none; Caffe’s bvlc_googlenet: k = 1 and α / 5' },
    { ...HERE, of: NORM, about: 'network', what: 'batch normalisation after each convolution instead of biases and local response normalisation', source: 'torchvision/models/googlenet.py; it is younger than the paper' },
    { ...HERE, of: PORTED, about: 'network', what: '3×3 filters in the 5×5 branch', source: 'torchvision/models/googlenet.py; pytorch/vision issue 906' },
    { ...HERE, of: PORTED, about: 'network', what: 'max pool 4 of 2×2', source: 'torchvision/models/googlenet.py; table 1 has 3×3' },
    { ...HERE, of: PORTED, about: 'network', what: 'adaptive average pooling to 4×4 in the auxiliary classifiers; dropout 0.2', source: 'torchvision/models/googlenet.py; section 5: 5×5 with stride 3, dropout 0.4' },
    { ...HERE, about: 'network', what: 'the last pooling is global, so that other image sizes do', source: 'table 1: 7×7, which is the same at 224×224' },
    { ...HERE, of: OWN, about: 'network', what: 'the pooling of an auxiliary classifier is adaptive where its map is smaller than 5×5', source: 'section 5: 5×5 with stride 3, which is the same at 224×224' },
    { ...HERE, of: OWN, about: 'training', what: 'initial weights of Caffe, each layer’s from ±√(3 / fan-in)', source: 'Caffe’s bvlc_googlenet; the paper has none' },
    { ...HERE, of: /^googlenet$/, about: 'training', what: 'batch size, learning rate, decay and polynomial schedule of Caffe', source: 'Caffe’s bvlc_googlenet; section 6: 4 % less every 8 epochs, with averaged weights' },
    { ...HERE, of: NORM, about: 'training', what: 'torchvision’s recipe', source: 'torchvision’s references/classification' },
    { ...HERE, about: 'training', what: 'no photometric distortions', source: 'section 6 has them' },
    { ...TORCHVISION, of: OWN, what: 'batch normalisation instead of biases and local response normalisation' },
    { ...TORCHVISION, of: OWN, what: '3×3 filters in the 5×5 branch', source: 'torchvision/models/googlenet.py; pytorch/vision issue 906' },
    { ...TORCHVISION, of: OWN, what: 'max pool 4 of 2×2, adaptive average pooling to 4×4 in the auxiliary classifiers, dropout 0.2' },
    { ...TORCHVISION, what: 'its trained weights, ported from TensorFlow, expect images of mean 0.5 and deviation 0.5', source: 'transform_input of torchvision/models/googlenet.py' },
  ],
};
