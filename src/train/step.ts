import * as tf from '@tensorflow/tfjs-core';
import { asStep } from '../network/run-kernel.js';
import type { Sgd } from '../network/sgd.js';
import type { DeviceBatch, Session } from '../session/session.js';

/** How a network is trained. */
export interface StepOptions {
  readonly smoothing: number;
  readonly seed: number;
  /** Share of each auxiliary head's loss. */
  readonly auxiliaryWeight: number;
}

/** One step of training; returns the four counters of the loss. */
export function trainStep(
  { network }: Session,
  optimizer: Sgd,
  { images, labels }: DeviceBatch,
  { lr, step, ...options }: StepOptions & { lr: number; step: number },
): tf.Tensor1D {
  return asStep(() =>
    tf.tidy(() => {
      const { stats, gradients } = network.gradients(images, labels, { ...options, step });
      network.onPhase('optimizer', '');
      optimizer.step(gradients, lr);
      return stats;
    }),
  );
}
