/** Settings of how a network is evaluated, and of what is kept of it. */
import { MOST_SIDE } from '../../image-size.js';
import type { Row } from './row.js';

/** What `--crops` takes; src/evaluate/protocols/table.ts says what each of them is. */
export const CROPS = ['1', '10', '144', '150', 'dense'] as const;

export const EVALUATION = {
  crops: {
    group: 'evaluation',
    kind: 'choice',
    many: true,
    choices: CROPS,
    default: null,
    auto: '1, the centre',
    help: 'crops of an image whose probabilities are averaged: 10 of AlexNet, 144 of GoogLeNet, 150 of VGG; dense runs the network over the whole image',
  },
  scales: {
    group: 'evaluation',
    kind: 'integer',
    many: true,
    above: 0,
    atMost: MOST_SIDE,
    unit: 'pixels',
    default: null,
    auto: "the paper's",
    help: 'short sides of the image for --crops 144, 150 and dense, whose probabilities are averaged',
  },
  mirror: {
    group: 'evaluation',
    kind: 'boolean',
    default: null,
    auto: "the paper's; --no-mirror turns it off",
    help: 'for --crops 1 and dense: average with the mirrored image',
  },
  ensemble: {
    group: 'evaluation',
    kind: 'text',
    names: 'runs',
    many: true,
    default: null,
    auto: 'one network alone',
    help: 'further runs or checkpoints whose probabilities are averaged with those of the first',
  },
  'real-labels': {
    group: 'evaluation',
    kind: 'text',
    names: 'files',
    default: null,
    help: "JSON file with a list of right classes for each validation image, such as ReaL's for ImageNet: counted besides the labels of the dataset",
  },
  predictions: {
    group: 'evaluation',
    kind: 'text',
    names: 'files',
    default: null,
    help: 'CSV file for the five likeliest classes of each image',
  },
  'per-class': {
    group: 'evaluation',
    kind: 'text',
    names: 'files',
    default: null,
    help: 'CSV file for the accuracies of each class',
  },
  confusion: {
    group: 'evaluation',
    kind: 'text',
    names: 'files',
    default: null,
    help: 'CSV file for how often each class was taken for which',
  },
  'allow-differences': {
    group: 'evaluation',
    kind: 'boolean',
    default: false,
    help: 'compare also where images, labels or protocols differ: over the images that both have',
  },
} as const satisfies Record<string, Row>;
