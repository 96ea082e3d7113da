import type { Outcomes } from './outcomes.js';

interface Average {
  /** Weighted sums of the probabilities so far. */
  readonly probabilities: Float64Array;
  /** The logarithm of that of the image's own class: it may be too small for a number. */
  logOwn: number;
  left: number;
}

/** Averages the softmax of the views of each image and keeps what it says when all are there. */
export class Averages {
  readonly #outcomes: Outcomes;
  readonly #views: number;
  readonly #open = new Map<number, Average>();

  /** `views`: of each image, by all networks together. */
  constructor(outcomes: Outcomes, views: number) {
    this.#outcomes = outcomes;
    this.#views = views;
  }

  /** Adds the logits of one view, whose probabilities count `weight` times. */
  add(image: number, logits: Float32Array, weight: number): void {
    const average = this.#open.get(image) ?? {
      probabilities: new Float64Array(logits.length),
      logOwn: Number.NEGATIVE_INFINITY,
      left: this.#views,
    };
    this.#open.set(image, average);
    const label = this.#outcomes.labels[image] as number;
    const logSum = logSumExp(logits);
    for (let at = 0; at < logits.length; at++) {
      const share = weight * Math.exp((logits[at] as number) - logSum);
      average.probabilities[at] = (average.probabilities[at] as number) + share;
    }
    const own = Math.log(weight) + (logits[label] as number) - logSum;
    average.logOwn = logAddExp(average.logOwn, own);
    average.left--;
    if (average.left > 0) return;
    this.#open.delete(image);
    this.#outcomes.add(image, average.probabilities, -average.logOwn);
  }
}

function logSumExp(logits: Float32Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const logit of logits) most = Math.max(most, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  return most + Math.log(sum);
}

function logAddExp(a: number, b: number): number {
  if (a === Number.NEGATIVE_INFINITY) return b;
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}
