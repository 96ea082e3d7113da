/** What a network might say of the images of a dataset with many classes. */

import { listFiles } from '../../src/data/image-table.js';
import { Outcomes } from '../../src/evaluate/outcomes.js';
import type { Evaluated } from '../../src/report/evaluation/network.js';

/** Four images of each class, all of them `file`; most are right, the others near. */
export function madeUp(classes: number, file: string): Evaluated {
  const labels = Int32Array.from({ length: 4 * classes }, (_, image) => Math.floor(image / 4));
  const outcomes = new Outcomes(labels);
  const probabilities = new Float64Array(classes);
  for (const [image, label] of labels.entries()) {
    probabilities.fill(0);
    const guess = image % 4 === 0 ? (label * 7 + 3) % classes : label;
    probabilities[label] = 0.3;
    probabilities[guess] = 0.4 + (0.5 * ((image * 37) % 100)) / 100;
    outcomes.add(image, probabilities, 1);
  }
  const images = listFiles(Array.from(labels, () => file));
  const split = { images, labels };
  return {
    protocol: 'centre crop',
    outcomes,
    unreadable: new Map(),
    dataset: {
      ...{ name: 'made-up', root: '/', layout: '', channels: 3, fingerprint: '', warnings: [] },
      evaluation: '',
      classes: Array.from({ length: classes }, (_, label) => `class ${label}`),
      words: [],
      ...{ train: split, val: split },
    },
  };
}
