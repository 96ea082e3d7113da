import type { Scores } from '../session/metrics.js';

/** Likeliest classes that are kept of an image. */
export const KEPT = 5;

/** What became of the images of one class. */
export interface ClassCounts {
  images: number;
  top1: number;
  top5: number;
  /** Images of any class that were given this one. */
  predicted: number;
}

/** What became of each image of a split under one protocol. */
export class Outcomes {
  /** (images, 5) the likeliest classes, best first; -1 where there are none. */
  readonly top: Int32Array;
  /** Of the likeliest class. */
  readonly probability: Float64Array;
  /** How many classes are before the image's own; -1 where it could not be read. */
  readonly rank: Int32Array;
  /** Minus the logarithm of the probability of the image's own class. */
  readonly loss: Float64Array;

  constructor(readonly labels: Int32Array) {
    const images = labels.length;
    this.top = new Int32Array(KEPT * images).fill(-1);
    this.probability = new Float64Array(images);
    this.rank = new Int32Array(images).fill(-1);
    this.loss = new Float64Array(images);
  }

  get images(): number {
    return this.labels.length;
  }

  /** Keeps what the probabilities of the classes say of an image. */
  add(image: number, probabilities: Float64Array, loss: number): void {
    const best = likeliest(probabilities);
    this.top.set(best, KEPT * image);
    this.probability[image] = probabilities[best[0] as number] as number;
    this.rank[image] = rankOf(probabilities, this.labels[image] as number);
    this.loss[image] = loss;
  }

  /** The likeliest classes of an image; empty where it could not be read. */
  topOf(image: number): readonly number[] {
    return [...this.top.subarray(KEPT * image, KEPT * (image + 1))].filter((label) => label >= 0);
  }

  /** Images whose class is among the first `k`. */
  hits(k: number): number {
    return this.rank.reduce((sum, rank) => sum + Number(rank >= 0 && rank < k), 0);
  }

  /** By label, for so many classes. */
  byClass(classes: number): ClassCounts[] {
    const counts = Array.from({ length: classes }, (): ClassCounts => {
      return { images: 0, top1: 0, top5: 0, predicted: 0 };
    });
    for (const [image, label] of this.labels.entries()) {
      const own = counts[label] as ClassCounts;
      const rank = this.rank[image] as number;
      own.images++;
      own.top1 += Number(rank === 0);
      own.top5 += Number(rank >= 0 && rank < KEPT);
      const guessed = counts[this.topOf(image)[0] ?? -1];
      if (guessed !== undefined) guessed.predicted++;
    }
    return counts;
  }

  /** An image that could not be read counts as wrong, and not in the loss. */
  scores(): Scores {
    const read = this.rank.reduce((sum, rank) => sum + Number(rank >= 0), 0);
    const loss = this.loss.reduce((sum, value) => sum + value, 0);
    const percent = (hits: number) => (this.images === 0 ? 0 : (100 * hits) / this.images);
    return {
      loss: read === 0 ? 0 : loss / read,
      top1: percent(this.hits(1)),
      top5: percent(this.hits(KEPT)),
      images: this.images,
    };
  }
}

/** Of equal ones that of the lower number is first, as in the counters of the loss. */
function likeliest(probabilities: Float64Array): number[] {
  const best: number[] = [];
  for (let label = 0; label < probabilities.length; label++) {
    const value = probabilities[label] as number;
    let place = best.length;
    while (place > 0 && value > (probabilities[best[place - 1] as number] as number)) place--;
    if (place >= KEPT) continue;
    best.splice(place, 0, label);
    if (best.length > KEPT) best.pop();
  }
  return best;
}

function rankOf(probabilities: Float64Array, label: number): number {
  const own = probabilities[label] as number;
  let before = 0;
  for (let other = 0; other < probabilities.length; other++) {
    const value = probabilities[other] as number;
    if (value > own || (value === own && other < label)) before++;
  }
  return before;
}
