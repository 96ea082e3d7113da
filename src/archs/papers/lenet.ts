/**
 * LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998.
 */
import type { Family, PaperRow } from './paper-table.js';

const VENUE = 'Proceedings of the IEEE 86(11), pages 2278 to 2324';

function rows(layers: readonly RegExp[]): PaperRow[] {
  return LAYERS.map((layer, place) => ({ ...layer, layers: layers[place] as RegExp }));
}

// biome-ignore format: section II-B, one layer a row
const LAYERS = [
  { name: 'C1',     printed: '28×28, 156 parameters, 122,304 connections' },
  { name: 'S2',     printed: '14×14, 12 parameters, 5,880 connections' },
  { name: 'C3',     printed: '10×10, 1,516 parameters, 151,600 connections' },
  { name: 'S4',     printed: '5×5, 32 parameters, 2,000 connections' },
  { name: 'C5',     printed: '120 units, 48,120 connections' },
  { name: 'F6',     printed: '84 units, 10,164 parameters' },
  { name: 'OUTPUT', printed: '10 RBF units of fixed codes' },
];

const PRINTED = '60,000 parameters, 340,908 connections';
const MODERN = /^lenet5$/;
const HERE = { where: 'here' } as const;

export const LENET: Family = {
  tables: [
    {
      of: MODERN,
      venue: VENUE,
      source: 'section II-B and figure 2',
      rows: rows([/^conv1$/, /^pool1$/, /^conv2$/, /^pool2$/, /^(flatten|fc3)$/, /^fc4$/, /^fc5$/]),
      printed: { lenet5: PRINTED },
    },
    {
      of: /^lenet5-1998$/,
      venue: VENUE,
      source: 'section II-B, figure 2 and table I',
      rows: rows([
        /^c1(\.tanh)?$/,
        /^s2(\.tanh)?$/,
        /^c3(\.tanh)?$/,
        /^s4(\.tanh)?$/,
        /^(c5(\.tanh)?|flatten)$/,
        /^f6(\.tanh)?$/,
        /^output$/,
      ]),
      printed: { 'lenet5-1998': PRINTED },
    },
  ],
  // biome-ignore format: one departure a row
  departures: [
    { ...HERE, of: MODERN, about: 'network', what: '28×28 images, padded by 2 in C1, instead of 32×32', source: 'section II-B; the maps are the same' },
    { ...HERE, of: MODERN, about: 'network', what: 'each map of C3 sees all six maps of S2', source: 'table I connects them in part' },
    { ...HERE, of: MODERN, about: 'network', what: 'S2 and S4 are plain means', source: 'section II-B scales and shifts each map by two trained values' },
    { ...HERE, of: MODERN, about: 'network', what: 'tanh(x)', source: 'section II-B and appendix A: 1.7159 tanh(2x/3)' },
    { ...HERE, about: 'network', what: 'the output is logits, with softmax cross-entropy', source: 'section II-B: distances to fixed 7×12 codes (RBF units)' },
    { ...HERE, of: MODERN, about: 'training', what: 'weights from Glorot’s uniform distribution, which is wider', source: 'appendix A: ±2.4 / fan-in' },
    { ...HERE, of: /1998/, about: 'training', what: 'the mean fan-in for the weights of all maps of C3', source: 'appendix A: ±2.4 / fan-in of each' },
    { ...HERE, of: MODERN, about: 'training', what: 'batches of 128 with momentum, a cosine and a decay of 5e-4', source: 'appendix C: stochastic diagonal Levenberg-Marquardt' },
    { ...HERE, of: /1998/, about: 'training', what: 'mini-batches with momentum and a cosine', source: 'appendix C: stochastic diagonal Levenberg-Marquardt' },
    { ...HERE, about: 'training', what: 'images are shifted by up to 2 pixels', source: 'section III-B: the images as they are, or with other distortions' },
    { where: 'torchvision', about: 'network', what: 'there is no LeNet-5', source: 'torchvision/models' },
  ],
};
