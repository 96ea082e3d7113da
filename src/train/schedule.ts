import type { Settings } from '../settings/types.js';

/** What the learning rate of a step depends on: settings by their own names. */
export type Schedule = Pick<
  Settings<'train'>,
  'lr' | 'lrScheduler' | 'lrStepSize' | 'lrGamma' | 'lrWarmupSteps' | 'epochs'
> & { readonly stepsPerEpoch: number };

/** The learning rate of a step, counted from 0 over the whole run. */
export function learningRate(step: number, schedule: Schedule): number {
  const { lr, lrWarmupSteps } = schedule;
  if (step < lrWarmupSteps) return (lr * (step + 1)) / lrWarmupSteps;
  return lr * factor(step, schedule);
}

function factor(step: number, schedule: Schedule): number {
  switch (schedule.lrScheduler) {
    case 'constant':
      return 1;
    case 'step': {
      const epoch = Math.floor(step / schedule.stepsPerEpoch);
      return schedule.lrGamma ** Math.floor(epoch / schedule.lrStepSize);
    }
    case 'cosine': {
      // Loshchilov and Hutter, "SGDR", eq. 5, without restarts.
      const steps = schedule.stepsPerEpoch * schedule.epochs - schedule.lrWarmupSteps;
      const progress = steps <= 0 ? 1 : Math.min(1, (step - schedule.lrWarmupSteps) / steps);
      return (1 + Math.cos(Math.PI * progress)) / 2;
    }
  }
}
