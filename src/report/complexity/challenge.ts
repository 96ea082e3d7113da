/**
 * The entries of ILSVRC's classification that the figure "revolution of depth" compares (He, Zhang,
 * Ren, Sun, talk on "Deep Residual Learning", 2015): the top-5 error on the images of the test.
 */
import { findArchitecture } from '../../archs/index.js';

export interface Entry {
  readonly year: number;
  readonly name: string;
  /** The network of the catalogue that it is made of. */
  readonly arch?: string;
  /** Layers with weights; undefined where the features were made by hand. */
  readonly layers?: number;
  /** In percent. */
  readonly error: number;
  readonly what: string;
  readonly source: string;
}

const OVERVIEW = 'Russakovsky et al., 2015, winners of each year';

// biome-ignore format: one entry a row
const ENTRIES: readonly Entry[] = [
  { year: 2010, name: 'NEC-UIUC', error: 28.2, what: 'SIFT and LBP features, linear SVM', source: OVERVIEW },
  { year: 2011, name: 'XRCE', error: 25.8, what: 'Fisher vectors, linear SVM', source: OVERVIEW },
  { year: 2012, name: 'AlexNet', arch: 'alexnet', error: 16.4, what: 'five networks, without other images', source: 'Krizhevsky et al., 2012, table 2' },
  { year: 2013, name: 'ZFNet', layers: 8, error: 11.7, what: 'several networks, the entry of Clarifai', source: OVERVIEW },
  { year: 2014, name: 'VGG', arch: 'vgg19', error: 7.3, what: 'seven networks of up to 19 layers', source: 'Simonyan and Zisserman, 2014, section 4.5' },
  { year: 2014, name: 'GoogLeNet', arch: 'googlenet', error: 6.7, what: 'seven networks, 144 crops', source: 'Szegedy et al., 2014, section 7' },
  { year: 2015, name: 'ResNet', arch: 'resnet152', error: 3.57, what: 'six networks, two of them of 152 layers', source: 'He et al., 2015, table 5' },
];

/** The entries from the first to the last, with the layers of the networks of the catalogue. */
export function challengeEntries(): Entry[] {
  return ENTRIES.map((entry) => {
    return entry.arch === undefined
      ? entry
      : { ...entry, layers: findArchitecture(entry.arch).depth };
  });
}
