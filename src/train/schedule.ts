import type { Settings } from '../settings/types.js';

/** What the learning rate of a step depends on: settings by their own names. */
export type Schedule = Pick<
  Settings<'train'>,
  | 'epochs'
  | 'gradAccumSteps'
  | 'lr'
  | 'lrScheduler'
  | 'lrStepSize'
  | 'lrMilestones'
  | 'lrGamma'
  | 'lrPower'
  | 'lrMin'
  | 'lrWarmupSteps'
  | 'lrWarmupEpochs'
  | 'lrWarmupMethod'
  | 'lrWarmupDecay'
  | 'cycleMomentum'
  | 'baseMomentum'
  | 'maxMomentum'
> & { readonly stepsPerEpoch: number };

/** Of PyTorch's OneCycleLR: the share of steps that rise, and lr over the first and that over the last rate. */
const ONE_CYCLE = { rising: 0.3, first: 25, last: 1e4 };

/**
 * The learning rate of a step, counted from 0 over the whole run; `falls`: how often a plateau has
 * made it fall.
 */
export function learningRate(step: number, schedule: Schedule, falls = 0): number {
  const update = updatesBefore(step, schedule);
  const warmup = warmupUpdates(schedule);
  if (schedule.lrScheduler === 'onecycle') return oneCycle(update, schedule, ratesOf(schedule));
  const rate = scheduled(update, warmup, schedule, falls);
  return update < warmup ? rate * warmupFactor(update, warmup, schedule) : rate;
}

/**
 * The momentum of a step, where the schedule changes it: it moves against the learning rate, as in
 * PyTorch's OneCycleLR.
 */
export function cycledMomentum(step: number, schedule: Schedule): number | undefined {
  const { lrScheduler, cycleMomentum, baseMomentum, maxMomentum } = schedule;
  if (lrScheduler !== 'onecycle' || !cycleMomentum) return undefined;
  const momenta = [maxMomentum, baseMomentum, maxMomentum] as const;
  return oneCycle(updatesBefore(step, schedule), schedule, momenta);
}

/**
 * How often the weights have changed before a step: once a step, or once for each group of
 * --grad-accum-steps, the last of which an epoch may cut short.
 */
export function updatesBefore(step: number, schedule: Schedule): number {
  const { stepsPerEpoch, gradAccumSteps } = schedule;
  const epoch = Math.floor(step / stepsPerEpoch);
  const within = Math.floor((step - epoch * stepsPerEpoch) / gradAccumSteps);
  return epoch * updatesPerEpoch(schedule) + within;
}

/** Updates in which the learning rate warms up. */
export function warmupUpdates(schedule: Schedule): number {
  const { lrWarmupSteps, lrWarmupEpochs } = schedule;
  if (lrWarmupEpochs === null) return lrWarmupSteps;
  return Math.round(lrWarmupEpochs * updatesPerEpoch(schedule));
}

function updatesPerEpoch({ stepsPerEpoch, gradAccumSteps }: Schedule): number {
  return Math.ceil(stepsPerEpoch / gradAccumSteps);
}

function warmupFactor(update: number, warmup: number, schedule: Schedule): number {
  const { lrWarmupMethod, lrWarmupDecay } = schedule;
  if (lrWarmupMethod === 'constant') return lrWarmupDecay ?? 0.1;
  const start = lrWarmupDecay ?? 0;
  return start + ((1 - start) * (update + 1)) / warmup;
}

function scheduled(update: number, warmup: number, schedule: Schedule, falls: number): number {
  const { lr, lrGamma, lrPower } = schedule;
  const least = schedule.lrMin ?? 0;
  const perEpoch = updatesPerEpoch(schedule);
  const epoch = Math.floor(update / perEpoch);
  // The share of what follows the warm-up.
  const steps = perEpoch * schedule.epochs - warmup;
  const done = update < warmup ? 0 : steps <= 0 ? 1 : Math.min(1, (update - warmup) / steps);
  switch (schedule.lrScheduler) {
    case 'constant':
    case 'onecycle':
      return lr;
    case 'step':
      return lr * lrGamma ** Math.floor(epoch / schedule.lrStepSize);
    case 'multistep':
      return lr * lrGamma ** milestonesBefore(update, schedule);
    case 'exponential':
      return lr * lrGamma ** epoch;
    case 'plateau':
      return Math.max(Math.min(lr, least), lr * lrGamma ** falls);
    case 'cosine':
      // Loshchilov and Hutter, "SGDR", eq. 5, without restarts.
      return least + ((lr - least) * (1 + Math.cos(Math.PI * done))) / 2;
    case 'poly':
      return least + (lr - least) * (1 - done) ** lrPower;
  }
}

function milestonesBefore(update: number, schedule: Schedule): number {
  const { lrMilestones, epochs } = schedule;
  const perEpoch = updatesPerEpoch(schedule);
  const reached = (milestone: number) =>
    update >= Math.round((milestone < 1 ? milestone * epochs : milestone) * perEpoch);
  return (lrMilestones ?? []).filter(reached).length;
}

/** The first, the highest and the last rate of a cycle. */
function ratesOf({ lr, lrMin }: Schedule): Cycle {
  const first = lr / ONE_CYCLE.first;
  return [first, lr, lrMin ?? first / ONE_CYCLE.last];
}

/** Values at the beginning, at the turn and at the end. */
type Cycle = readonly [first: number, turn: number, last: number];

/** Smith and Topin, "Super-Convergence", with the numbers and the cosines of PyTorch's OneCycleLR. */
function oneCycle(update: number, schedule: Schedule, [first, turn, last]: Cycle): number {
  const end = updatesPerEpoch(schedule) * schedule.epochs - 1;
  const top = ONE_CYCLE.rising * (end + 1) - 1;
  if (update <= top) return between(first, turn, update / top);
  return between(turn, last, end <= top ? 1 : Math.min(1, (update - top) / (end - top)));
}

/** Half a cosine from one value to another. */
function between(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
}
