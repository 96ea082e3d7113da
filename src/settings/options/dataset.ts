/** Settings of where the images come from. */
import { MAX_PIXELS } from '../../data/decode/decode-options.js';
import type { Row } from './row.js';

export const DATASET = {
  'other-data': {
    group: 'dataset',
    kind: 'boolean',
    default: false,
    help: 'train also where the data is no longer that of the run',
  },
  data: {
    group: 'dataset',
    synonyms: ['data-dir', 'data-path', 'dataset'],
    kind: 'text',
    names: 'datasets',
    default: null,
    help: 'directory, .tar or .tar.gz file in a layout that "cnn data check" knows, or mnist, fashion-mnist, synthetic',
  },
  labels: {
    group: 'dataset',
    kind: 'text',
    names: 'files',
    default: null,
    help: 'CSV or JSON lines with the path of each image, its class and perhaps its split; paths are below --data',
  },
  duplicates: {
    group: 'dataset',
    kind: 'boolean',
    default: false,
    help: 'decode all images and name those that are in the training and the validation part, as they are or nearly so',
  },
  'val-fraction': {
    group: 'dataset',
    synonyms: ['validation-split'],
    kind: 'number',
    above: 0,
    below: 1,
    default: null,
    auto: 'the validation images of the data',
    help: 'share of the training images of each class that becomes the validation set, for data without one',
  },
  subset: {
    group: 'dataset',
    kind: 'text',
    names: 'files',
    default: null,
    help: 'training images: a share of each class (0.1), a number of each (50/class), or a file with their names',
  },
  classes: {
    group: 'dataset',
    kind: 'text',
    names: 'files',
    default: null,
    help: 'classes that are used: a,b,c or a file with one on each line',
  },
  'max-pixels': {
    group: 'dataset',
    kind: 'integer',
    above: 0,
    unit: 'pixels',
    default: MAX_PIXELS,
    help: 'larger images are refused and count as unreadable; the default is where Pillow refuses them',
  },
  'exif-rotate': {
    group: 'dataset',
    kind: 'boolean',
    default: false,
    help: 'turn images upright by their EXIF orientation, which Pillow and torchvision do not',
  },
  'on-bad-image': {
    group: 'dataset',
    kind: 'choice',
    choices: ['skip', 'fail'],
    default: 'skip',
    help: 'an image that cannot be read: leave it out of training and count it as wrong in evaluations, or end with an error that names it',
  },
  'max-bad-images': {
    group: 'dataset',
    kind: 'number',
    atLeast: 0,
    atMost: 1,
    default: 0.01,
    help: 'share of the images, of training or of validation, that may be unreadable; more of them end the run, after it is saved',
  },
  'data-patience': {
    group: 'dataset',
    kind: 'number',
    atLeast: 0,
    unit: 'seconds',
    default: 60,
    help: 'how long to try again where the system gives no images, as when a file server is started again; then the run is saved and ends',
  },
} as const satisfies Record<string, Row>;
