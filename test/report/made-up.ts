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
  const names = Array.from({ length: classes }, (_, label) => `class ${label}`);
  const files = Array.from(labels, () => file);
  return evaluated({ names, files, labels, outcomes });
}

/** An evaluation of these outcomes on a dataset that has those files and no others. */
export function evaluated({ names, files, labels, outcomes }: Outcome): Evaluated {
  const split = { images: listFiles(files), labels };
  return {
    protocol: 'centre crop',
    outcomes,
    unreadable: new Map(),
    dataset: {
      ...{ name: 'made-up', root: '/', layout: '', channels: 3, fingerprint: '', warnings: [] },
      ...{ evaluation: '', classes: [...names], words: [], train: split, val: split },
    },
  };
}

interface Outcome {
  readonly names: readonly string[];
  /** Of each image, as `labels`. */
  readonly files: readonly string[];
  readonly labels: Int32Array;
  readonly outcomes: Outcomes;
}
