/** Settings of how images are decoded and cut. */
import { MOST_SIDE } from '../../image-size.js';
import type { Row } from './row.js';

export const IMAGES = {
  mean: {
    group: 'images',
    kind: 'colour',
    atLeast: 0,
    atMost: 1,
    recipe: ({ recipe }) => recipe.mean,
    help: 'what is subtracted from the colours, in [0, 1] units',
  },
  std: {
    group: 'images',
    kind: 'colour',
    above: 0,
    recipe: ({ recipe }) => recipe.std,
    help: 'what the colours are divided by then, in [0, 1] units',
  },
  stats: {
    group: 'images',
    kind: 'choice',
    choices: ['recipe', 'dataset'],
    default: 'recipe',
    help: 'where mean, std and principal colours come from: the recipe, or what "cnn data stats" measured; --mean and --std win, and a recipe that only shifts its colours keeps its std',
  },
  'resize-size': {
    group: 'images',
    synonyms: ['val-resize-size'],
    kind: 'integer',
    above: 0,
    atMost: MOST_SIDE,
    unit: 'pixels',
    default: null,
    auto: 'as in the evaluations of the training',
    help: 'short side of the image before the crop',
  },
  'crop-size': {
    group: 'images',
    synonyms: ['val-crop-size'],
    kind: 'integer',
    above: 0,
    atMost: MOST_SIDE,
    unit: 'pixels',
    default: null,
    auto: 'as in the evaluations of the training',
    help: 'side of the square that is cut out, which is what the network sees',
  },
  size: {
    group: 'images',
    kind: 'integer',
    above: 0,
    unit: 'pixels',
    default: 256,
    help: 'short side of packed images; smaller ones stay as they are',
  },
  quality: {
    group: 'images',
    kind: 'integer',
    atLeast: 1,
    atMost: 100,
    default: 90,
    help: 'quality of packed JPEGs',
  },
} as const satisfies Record<string, Row>;
