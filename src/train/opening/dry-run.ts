/** `cnn train --dry-run`: says how large a run is and how long it takes, and leaves nothing of it. */
import { counted } from '../../counted.js';
import { CnnError, UsageError } from '../../errors.js';
import { joinLoggers } from '../../loggers/logger.js';
import { NO_EVENTS } from '../../runs/events.js';
import type { Reporter } from '../../session/reporter.js';
import type { Provenance } from '../../settings/resolve.js';
import { Agreement } from '../agreement.js';
import { trainEpoch } from '../epoch.js';
import { createSentinel } from '../sentinel/create-sentinel.js';
import { listenForStop, SIGNAL_EXIT_CODES } from '../signals.js';
import { prepareTraining } from '../start/prepare.js';
import type { TrainRequest } from '../start/request.js';
import { adviceOn, createOutlook, describeOpening } from './opening.js';
import type { Expectation } from './outlook.js';
import type { Opening } from './outlook-lines.js';

export interface DryRun {
  readonly opening: Opening;
  readonly expectation: Expectation;
  /** What makes decoding faster. */
  readonly advice: string;
  readonly end: Date;
  /** Every setting, with where it came from. */
  readonly settings: Provenance;
}

/** Nothing of the run stays. */
const NOT_KEPT = { logger: joinLoggers([]), events: NO_EVENTS };

/** Takes the first steps of a run, as many as an estimate needs, in memory alone. */
export async function dryRun(request: TrainRequest, reporter: Reporter): Promise<DryRun> {
  // Steps of the first epochs may train the last layer alone, which takes less time than the others.
  const { headStart, ...prepared } = await prepareTraining(request, reporter);
  const stop = listenForStop(() => {});
  try {
    const opening = describeOpening(prepared);
    let found: Pick<DryRun, 'expectation' | 'end'> | undefined;
    const outlook = createOutlook(prepared, {
      onExpectation: (expectation, end) => {
        found = { expectation, end };
      },
      onDecodingLimits: () => {},
    });
    const { settings } = prepared.request;
    const stopped = () => stop.signal !== undefined || found !== undefined;
    const training = {
      ...prepared,
      settings,
      reporter,
      ...NOT_KEPT,
      sentinel: createSentinel(prepared, { reporter, ...NOT_KEPT }),
      outlook,
      agreement: new Agreement(prepared.world, stop),
      stepHooks: [],
      stopped,
      stopAsked: stop.asked,
    };
    const { start } = prepared;
    if (start.step < opening.steps) {
      const { problem } = await trainEpoch(training, start);
      if (problem) throw problem;
    }
    if (stop.signal !== undefined) {
      throw new CnnError(`Stopped by ${stop.signal}`, SIGNAL_EXIT_CODES[stop.signal]);
    }
    if (found === undefined) {
      throw new UsageError(`Nothing is left to train after ${counted(start.step, 'step')}`);
    }
    const { provenance } = prepared.request;
    return { ...found, opening, advice: adviceOn(prepared), settings: provenance };
  } finally {
    reporter.end();
    stop.release();
    await prepared.close();
  }
}
