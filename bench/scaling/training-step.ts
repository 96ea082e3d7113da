/** When the sums of gradients of a training step end, of several processes that compute alike. */
import { BUCKET } from '../../src/network/gradient-sums.js';

const BYTES_PER_VALUE = 4;

/** The backward pass of a layer. */
export interface BackwardLayer {
  readonly milliseconds: number;
  /** The number of values of each of its weights. */
  readonly weights: readonly number[];
}

export interface TrainingStep {
  /** All before the backward pass: forward and loss. */
  readonly before: number;
  /** In the order in which they are computed. */
  readonly backward: readonly BackwardLayer[];
  /** The change of the weights, which waits for all sums. */
  readonly after: number;
}

/** Gradients that are summed together. */
export interface Bucket {
  /** Milliseconds from the beginning of the step. */
  readonly ready: number;
  readonly bytes: number;
}

/** As src/network/gradient-sums.ts fills them. */
export function bucketsOf({ before, backward }: TrainingStep): Bucket[] {
  const buckets: Bucket[] = [];
  let ready = before;
  let values = 0;
  const send = () => {
    buckets.push({ ready, bytes: BYTES_PER_VALUE * values });
    values = 0;
  };
  for (const { milliseconds, weights } of backward) {
    ready += milliseconds;
    for (const weight of weights) {
      values += weight;
      if (values >= BUCKET) send();
    }
  }
  if (values > 0) send();
  return buckets;
}

export interface StepTime {
  readonly milliseconds: number;
  /** What computing does not hide of the sums. */
  readonly exposed: number;
}

/** `sum`: milliseconds of the sum of so many bytes; one bucket is summed at a time, in their order. */
export function timeStep(step: TrainingStep, sum: (bytes: number) => number): StepTime {
  const computed = step.backward.reduce(
    (time, { milliseconds }) => time + milliseconds,
    step.before,
  );
  const summed = bucketsOf(step).reduce((free, { ready, bytes }) => {
    return Math.max(free, ready) + sum(bytes);
  }, 0);
  const end = Math.max(computed, summed);
  return { milliseconds: end + step.after, exposed: end - computed };
}
