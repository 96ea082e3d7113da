/** What the learning rate of a step depends on. */
export interface Schedule {
  readonly kind: 'step' | 'cosine' | 'constant';
  readonly lr: number;
  /** Steps in which the learning rate rises linearly from 0. */
  readonly warmupSteps: number;
  /** Epochs between two falls of the step schedule, and the factor of a fall. */
  readonly stepSize: number;
  readonly gamma: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
}

/** The learning rate of a step, counted from 0 over the whole run. */
export function learningRate(step: number, schedule: Schedule): number {
  const { lr, warmupSteps } = schedule;
  if (step < warmupSteps) return (lr * (step + 1)) / warmupSteps;
  return lr * factor(step, schedule);
}

function factor(step: number, schedule: Schedule): number {
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'step': {
      const epoch = Math.floor(step / schedule.stepsPerEpoch);
      return schedule.gamma ** Math.floor(epoch / schedule.stepSize);
    }
    case 'cosine': {
      // Loshchilov and Hutter, "SGDR", eq. 5, without restarts.
      const steps = schedule.stepsPerEpoch * schedule.epochs - schedule.warmupSteps;
      const progress = steps <= 0 ? 1 : Math.min(1, (step - schedule.warmupSteps) / steps);
      return (1 + Math.cos(Math.PI * progress)) / 2;
    }
  }
}
