import type { Backend } from '../../backend/index.js';
import { areFor, type Choices, repeatChoices } from '../../backend/tuning/tune.js';
import type { Dataset } from '../../data/dataset.js';
import type { Reporter } from '../../session/reporter.js';
import { type DecidePrecision, precisionOf } from '../../session/start-backend.js';
import {
  leaveToFixedTable,
  MEASURED_STEPS,
  measuredPrecision,
  tuneKernels,
} from '../../session/tuning.js';
import type { MemoryEstimate, TrainRequest } from './request.js';

/** A run of fewer steps takes what was measured before, and measures nothing. */
const LEAST_STEPS = 100;
/** Of a long run measuring may take this share. */
const SHARE = 0.005;

interface Parts {
  readonly request: TrainRequest;
  readonly dataset: Pick<Dataset, 'train'>;
  readonly backend: Backend;
  readonly memory: Pick<MemoryEstimate, 'calls'>;
}

/**
 * Chooses who computes each kernel of a step before the first one: then the bits of a run depend on
 * its choices, which it keeps, and on nothing that is measured while it trains.
 */
export async function chooseKernels(
  { request, dataset, backend, memory: { calls } }: Parts,
  reporter: Reporter,
): Promise<Choices | undefined> {
  const { settings, resume } = request;
  const { device } = backend;
  if (backend.name !== 'cpu' || device === undefined) return undefined;
  if (!settings.autotune || !isAlone(request)) return leaveToFixedTable(backend);
  const repeated = resume === undefined ? request.before?.choices : (resume.record.choices ?? {});
  if (repeated !== undefined && (resume !== undefined || areFor(repeated, calls))) {
    const impossible = repeatChoices(device, calls, repeated);
    if (impossible.length > 0) {
      const { length } = impossible;
      const [kernels, are] = length === 1 ? ['kernel', 'it is'] : ['kernels', 'they are'];
      reporter.warn(
        `this machine cannot compute ${length} ${kernels} as the run did before: ${are} left to the fixed table, which rounds in other places`,
      );
    }
    return repeated;
  }
  const { length } = dataset.train.images;
  const most = Math.max(MEASURED_STEPS, SHARE * stepsOf(settings, length));
  const times = measures(settings, length) ? most : undefined;
  return (await tuneKernels(backend, calls, { times }, reporter))?.choices;
}

/** What precision a run has whose settings leave it open: of one that is resumed or repeated the same. */
export function precisionFor(
  { settings, resume, architecture, estimateMemory, ...request }: TrainRequest,
  { classes, train }: Pick<Dataset, 'classes' | 'train'>,
): DecidePrecision {
  return async (backend) => {
    const before = resume?.record ?? request.before;
    if (before !== undefined) return precisionOf(before, 'as the run began');
    if (!settings.autotune || !isAlone(request)) return undefined;
    const callsIn = async (precision: 'f32' | 'bf16') => {
      const options = { ...settings, numClasses: classes.length };
      return (await estimateMemory(architecture, { name: 'cpu', precision }, options)).calls;
    };
    return measuredPrecision(backend, callsIn, measures(settings, train.images.length));
  };
}

/** What each of several processes measures would be another thing in each run. */
function isAlone({ world }: Pick<TrainRequest, 'world'>): boolean {
  return (world?.size ?? 1) === 1;
}

function measures(settings: TrainRequest['settings'], images: number): boolean {
  return stepsOf(settings, images) >= LEAST_STEPS && !settings.dryRun;
}

function stepsOf(
  { batchSize, epochs, maxSteps }: TrainRequest['settings'],
  images: number,
): number {
  const all = epochs * Math.floor(images / batchSize);
  return Math.min(all, maxSteps ?? Number.POSITIVE_INFINITY);
}
