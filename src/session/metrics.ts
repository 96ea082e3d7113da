import * as tf from '@tensorflow/tfjs-core';

/** Counts over images; `labelled` leaves out those that could not be read. */
export interface Totals {
  readonly lossSum: number;
  readonly top1: number;
  readonly top5: number;
  readonly labelled: number;
}

/** The state of the counters, from which they can continue in a resumed run. */
export interface CounterState {
  readonly totals: Totals;
  readonly window: number[];
}

export const ZERO_TOTALS: Totals = { lossSum: 0, top1: 0, top5: 0, labelled: 0 };

/** Loss and accuracy over a number of images; accuracies in percent. */
export interface Scores {
  readonly loss: number;
  readonly top1: number;
  readonly top5: number;
  readonly images: number;
}

/**
 * Sums the counters of steps on the device. A window holds the steps since the last `read`. float32
 * counts exactly up to 2^24 images, so the totals are summed on the host.
 */
export class Counters {
  #window: tf.Tensor1D | undefined;
  #totals: Totals;

  constructor(state?: CounterState) {
    this.#totals = state?.totals ?? ZERO_TOTALS;
    if (state !== undefined && state.window.length > 0) this.#window = tf.tensor1d(state.window);
  }

  get totals(): Totals {
    return this.#totals;
  }

  /** Adds the four counters of a step, (4) float32, and frees them. */
  add(stats: tf.Tensor1D): void {
    const before = this.#window;
    if (before === undefined) {
      this.#window = stats;
      return;
    }
    this.#window = tf.add(before, stats);
    before.dispose();
    stats.dispose();
  }

  /** Ends the window, adds it to the totals and returns it. Waits for the device. */
  async read(): Promise<Totals> {
    const window = totalsOf(await this.#fetch());
    this.dispose();
    this.#totals = addTotals(this.#totals, window);
    return window;
  }

  /** The state of the counters; the window stays open. Waits for the device. */
  async snapshot(): Promise<CounterState> {
    return { totals: this.#totals, window: await this.#fetch() };
  }

  dispose(): void {
    this.#window?.dispose();
    this.#window = undefined;
  }

  async #fetch(): Promise<number[]> {
    return this.#window === undefined ? [] : [...(await this.#window.data())];
  }
}

export function addTotals(a: Totals, b: Totals): Totals {
  return {
    lossSum: a.lossSum + b.lossSum,
    top1: a.top1 + b.top1,
    top5: a.top5 + b.top5,
    labelled: a.labelled + b.labelled,
  };
}

/** The four counters in the order of the loss kernels. */
export function totalsOf(counters: ArrayLike<number>): Totals {
  const [lossSum = 0, top1 = 0, top5 = 0, labelled = 0] = Array.from(counters);
  return { lossSum, top1, top5, labelled };
}

/**
 * Mean loss over the images that could be read, accuracies over all `images`, so that an image
 * that could not be read counts as wrong.
 */
export function scores(totals: Totals, images = totals.labelled): Scores {
  const percent = (hits: number) => (images === 0 ? 0 : (100 * hits) / images);
  return {
    loss: totals.labelled === 0 ? 0 : totals.lossSum / totals.labelled,
    top1: percent(totals.top1),
    top5: percent(totals.top5),
    images,
  };
}

/** The closing line of a run or an evaluation, in the spelling that people grep for. */
export function accuracyLine({ top1, top5 }: Pick<Scores, 'top1' | 'top5'>): string {
  return ` * Acc@1 ${top1.toFixed(3)} Acc@5 ${top5.toFixed(3)}`;
}
