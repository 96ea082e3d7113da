/** A training that ends without warning at a moment, as a killed process does. */
import { type Reporter, SILENT } from '../../session/reporter.js';
import type { Given } from '../../settings/given.js';
import { watchFileChanges } from '../../system/file-changes.js';
import type { ImageLimits } from '../../train/start/request.js';
import { runTrain } from '../train.js';
import { type Census, EVALUATION, isBelow, type Moment, nameOf, STEP } from './moments.js';

export interface Doomed {
  readonly given: Given;
  readonly limits: ImageLimits;
  /** The directory of the run: changes elsewhere do not count. */
  readonly root: string;
  /** When it is to end; undefined is not at all. */
  readonly moment: Moment | undefined;
}

/** How the training ends. */
export interface Ending {
  /** Ends it here: the promise is never resolved, but it may be rejected, again and again. */
  atOnce(): Promise<never>;
  /** Ends it after some milliseconds, or throws at once. */
  soon(milliseconds: number): void;
}

/** Trains until the moment; returns how often each thing happened if that did not come. */
export async function trainUntil(
  { given, limits, root, moment }: Doomed,
  ending: Ending,
): Promise<Census> {
  const census: Record<string, number> = {};
  let ended = false;
  const comes = (what: string): boolean => {
    census[what] = (census[what] ?? 0) + 1;
    ended ||= what === moment?.what && census[what] === moment.time;
    return ended;
  };
  const unwatch = watchFileChanges(async (change) => {
    if (!isBelow(change.path, root)) return;
    const before = ended;
    if (!comes(nameOf(change, root))) return;
    // Of a file that is being written there may be a part.
    if (!before) await change.half?.();
    await ending.atOnce();
  });
  try {
    await runTrain(
      given,
      watchingReporter(comes, (took) => ending.soon(took * (moment?.within ?? 0))),
      limits,
    );
    return census;
  } finally {
    unwatch();
  }
}

/** Taken for the first step of an epoch, which takes longer than the others. */
const SHORT_STEP_MILLISECONDS = 10;

/** Tells the steps of training and evaluation, and the time that the last one took. */
function watchingReporter(
  comes: (what: string) => boolean,
  onMoment: (took: number) => void,
): Reporter {
  let what = STEP;
  let before: number | undefined;
  let took = SHORT_STEP_MILLISECONDS;
  return {
    ...SILENT,
    begin(title) {
      what = title === EVALUATION ? EVALUATION : STEP;
      before = undefined;
    },
    advance() {
      const now = performance.now();
      if (before !== undefined) took = now - before;
      before = now;
      if (comes(what)) onMoment(took);
    },
  };
}
