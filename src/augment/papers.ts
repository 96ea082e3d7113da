import { INCEPTION_AREA, INCEPTION_ASPECT, type Transform } from './transform.js';

const SIZE = { size: 224, pad: 0 };
const CROP = { ...SIZE, crop: 'random', mirror: 0.5, colour: 0.1 } as const;

/** How papers augment ImageNet's training images; `--augment` takes the names. */
export const AUGMENTATIONS = {
  /** Krizhevsky et al., 2012, section 4.1. */
  alexnet: { ...CROP, resize: 256 },
  /** Simonyan and Zisserman, 2014, section 3.1: scale jitter, and AlexNet's mirror and colours. */
  vgg: { ...CROP, resize: [256, 512] },
  /** Szegedy et al., 2014, section 6, without its "photometric distortions". */
  inception: {
    ...SIZE,
    resize: 256,
    crop: 'area',
    area: INCEPTION_AREA,
    aspect: INCEPTION_ASPECT,
    mirror: 0.5,
  },
  /** He et al., 2015, section 3.4. */
  resnet: { ...CROP, resize: [256, 480] },
} as const satisfies Record<string, Transform>;

/** Evaluation: short side 256, centre crop of 224. */
export const CENTRE_CROP: Transform = { ...SIZE, resize: 256, crop: 'centre', mirror: 0 };
