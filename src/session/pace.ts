import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Backend } from '../backend/index.js';

/** Cores up to which computing and decoding take turns on backend cpu. */
const FEW_CORES = 4;

/**
 * Whether decoding and computing take turns. On few cores a decoder that preempts one of the
 * threads that compute in step makes the others wait for it, which costs more than it gains.
 */
export function takesTurns(backend: Pick<Backend, 'name'>, cores: number): boolean {
  return backend.name === 'cpu' && cores <= FEW_CORES;
}

/**
 * A function to await after each step that was submitted: it bounds how far JavaScript runs ahead
 * of the device to two steps, or to none where decoding and computing take turns.
 */
export function createPace(
  backend: Pick<Backend, 'sync'>,
  alternate: boolean,
): () => Promise<void> {
  let before: Promise<void> = Promise.resolve();
  return async () => {
    const submitted = backend.sync();
    // An error of the device appears when this promise is awaited, at the latest one step later.
    submitted.catch(() => {});
    await (alternate ? submitted : before);
    before = submitted;
    // Lets signals and decoded images in where the backend computes on this thread.
    await nextTurn();
  };
}

/**
 * Yields the source's items and reports how long each took to arrive. Once `stop` is aborted it ends,
 * also while an item is waited for, which may take long where a disk does not answer.
 */
export async function* timed<T>(
  source: AsyncIterable<T>,
  onWait: (seconds: number) => void,
  stop?: AbortSignal,
): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let waited = false;
  try {
    for (;;) {
      const start = performance.now();
      waited = true;
      const result = await beforeAbort(iterator.next(), stop);
      onWait((performance.now() - start) / 1000);
      if (result === undefined) return;
      waited = false;
      if (result.done) return;
      yield result.value;
    }
  } finally {
    // A generator ends only after the item that it is asked for.
    const ended = iterator.return?.();
    if (waited) ended?.catch(() => {});
    else await ended;
  }
}

/** What a promise gives, or undefined if the signal is aborted before it does. */
async function beforeAbort<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
  if (signal === undefined) return promise;
  let onAbort = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    onAbort = () => resolve(undefined);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
  promise.catch(() => {});
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** What a part of training took; times in seconds. */
export interface Lap {
  readonly steps: number;
  readonly images: number;
  readonly seconds: number;
  /** The part of `seconds` that was spent waiting for the next batch. */
  readonly waiting: number;
}

export interface Stopwatch {
  wait(seconds: number): void;
  /** One step with this many images is done. */
  count(images: number): void;
  /** The figures since the last lap, which ends here. */
  lap(): Lap;
  /** The figures since the last lap, which continues. */
  split(): Lap;
  /** The figures of the last steps; without the first step, which also prepares, once there are more. */
  recent(): Lap;
  /** The figures since the start. */
  total(): Lap;
}

/** Steps of which `recent` tells: so many that a single slow one hardly shows. */
const RECENT = 50;

export function createStopwatch(): Stopwatch {
  const fresh = () => ({ start: performance.now(), steps: 0, images: 0, waiting: 0 });
  const all = fresh();
  let lap = fresh();
  const read = ({ start, ...counts }: typeof all) => ({
    ...counts,
    seconds: (performance.now() - start) / 1000,
  });
  /** The counts before and after each of the last steps. */
  const marks = [read(all)];
  return {
    wait(seconds) {
      all.waiting += seconds;
      lap.waiting += seconds;
    },
    count(images) {
      for (const counts of [all, lap]) {
        counts.steps++;
        counts.images += images;
      }
      marks.push(read(all));
      if (all.steps === 2 || marks.length > RECENT + 1) marks.shift();
    },
    split: () => read(lap),
    recent() {
      const [from, to] = [marks[0] as Lap, marks.at(-1) as Lap];
      return {
        steps: to.steps - from.steps,
        images: to.images - from.images,
        seconds: to.seconds - from.seconds,
        waiting: to.waiting - from.waiting,
      };
    },
    lap() {
      const result = read(lap);
      lap = fresh();
      return result;
    },
    total: () => read(all),
  };
}

/** How fast a lap was, for a reporter. */
export function paceOf({ images, seconds, waiting }: Lap): {
  imagesPerSecond: number;
  dataWaitPercent: number;
} {
  const imagesPerSecond = seconds === 0 ? 0 : images / seconds;
  return { imagesPerSecond, dataWaitPercent: percent(waiting, seconds) };
}

/** 0 of nothing. */
export function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}
