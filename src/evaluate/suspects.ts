/**
 * Labels that look wrong: a network is surer of another class than it is, on average, of images that
 * are of that class (Northcutt, Jiang, Chuang, 2021, "Confident learning").
 */
import type { Outcomes } from './outcomes.js';

/** An image of which a network says with confidence that it is of another class. */
export interface Suspect {
  readonly image: number;
  readonly label: number;
  readonly predicted: number;
  /** Of the predicted class. */
  readonly confidence: number;
  /** Of the class that it has. */
  readonly own: number;
}

/** The suspects of a split, the surest first. */
export function findSuspects(outcomes: Outcomes, classes: number): Suspect[] {
  const thresholds = meanConfidences(outcomes, classes);
  const { labels, probability, loss } = outcomes;
  const found = Array.from(labels, (label, image): Suspect => {
    const predicted = outcomes.topOf(image)[0] ?? label;
    const confidence = probability[image] as number;
    return { image, label, predicted, confidence, own: Math.exp(-(loss[image] as number)) };
  });
  return found
    .filter(({ label, predicted, confidence }) => {
      return predicted !== label && confidence >= (thresholds[predicted] as number);
    })
    .sort((a, b) => b.confidence - b.own - (a.confidence - a.own) || a.image - b.image);
}

/** How sure a network is of each class where an image has it; of a class without images, never sure. */
function meanConfidences({ labels, loss, rank }: Outcomes, classes: number): number[] {
  const sums = new Float64Array(classes);
  const images = new Int32Array(classes);
  for (const [image, label] of labels.entries()) {
    if ((rank[image] as number) < 0) continue;
    sums[label] = (sums[label] as number) + Math.exp(-(loss[image] as number));
    images[label] = (images[label] as number) + 1;
  }
  return Array.from(sums, (sum, label) => {
    const count = images[label] as number;
    return count === 0 ? Number.POSITIVE_INFINITY : sum / count;
  });
}
