/** What is known of a run before its first step, and what its first steps tell of the rest. */
import { availableParallelism } from 'node:os';
import { modelCost } from '../../archs/index.js';
import type { Reporter } from '../../session/reporter.js';
import type { Prepared } from '../start/prepare.js';
import { Outlook, type OutlookEvents, type Place, type RunLength, totalSteps } from './outlook.js';
import { limitText, type Opening, timeLine } from './outlook-lines.js';

export function describeOpening(prepared: Prepared): Opening {
  const { request, dataset, session, backend, memory, schedule } = prepared;
  const { architecture, settings } = request;
  const { classes, inputSize, channels } = session.card;
  const { batchSize } = settings;
  const trainCropSize = session.training.size;
  return {
    arch: architecture.name,
    archOptions: architecture.given ?? [],
    ...modelCost(session.model),
    backend: backend.name,
    precision: backend.precision,
    ...memory,
    data: dataset.name,
    ...{ batchSize, inputSize, trainCropSize, channels },
    trainingImages: dataset.train.images.length,
    validationImages: dataset.val.images.length,
    classes: classes.length,
    stepsPerEpoch: schedule.stepsPerEpoch,
    epochs: settings.epochs,
    steps: totalSteps(runLength(prepared)),
  };
}

/** Opens the outlook of a run, whose findings become notes. */
export function openOutlook(prepared: Prepared, { note }: Pick<Reporter, 'note'>): Outlook {
  const { schedule } = prepared;
  const steps = totalSteps(runLength(prepared));
  return createOutlook(prepared, {
    onExpectation: (expectation, end) => {
      note(timeLine({ ...schedule, steps }, expectation, adviceOn(prepared), end));
    },
    onDecodingLimits: (dataWaitPercent) => {
      note(limitText({ limit: 'decoding', dataWaitPercent }, adviceOn(prepared)));
    },
  });
}

export function createOutlook(prepared: Prepared, events: OutlookEvents): Outlook {
  return new Outlook(runLength(prepared), measuredFrom(prepared), events);
}

/** Steps that train the last layer alone are faster, and say nothing of the others. */
function measuredFrom({ start, headStart, schedule }: Prepared): Place {
  if (headStart === undefined || start.epoch >= headStart.epochs) return start;
  const { epochs } = headStart;
  return { epoch: epochs, stepInEpoch: 0, step: epochs * schedule.stepsPerEpoch };
}

function runLength({ request, dataset, schedule, alternate, trainLoader }: Prepared): RunLength {
  const { epochs, maxSteps } = request.settings;
  return {
    ...{ epochs, maxSteps, alternate },
    stepsPerEpoch: schedule.stepsPerEpoch,
    validationImages: dataset.val.images.length,
    kept: () => trainLoader.kept,
  };
}

/** What makes reading images faster; empty where nothing is known. */
export function adviceOn(prepared: Prepared): string {
  const { dataset, schedule, trainLoader } = prepared;
  const { workers, kept } = trainLoader;
  const later = totalSteps(runLength(prepared)) > schedule.stepsPerEpoch;
  const cores = availableParallelism();
  const more = workers < cores ? [`--workers ${cores}`] : [];
  if (kept && later) {
    return [...more, 'later epochs find them in memory'].join('; ');
  }
  // Shards are what it writes.
  if (dataset.layout !== 'WebDataset') more.push('cnn data pack');
  return more.join(', or ');
}
