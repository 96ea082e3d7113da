import * as tf from '@tensorflow/tfjs-core';
import type { Loss } from '../network/loss.js';
import { asStep } from '../network/run-kernel.js';
import type { Sgd } from '../network/sgd.js';
import type { DeviceBatch, Session } from '../session/session.js';

/** How a network is trained. */
export interface StepOptions {
  readonly smoothing: number;
  /** Softmax by default. */
  readonly loss?: Loss;
  readonly seed: number;
  /** Share of each auxiliary head's loss. */
  readonly auxiliaryWeight: number;
}

/** One step of training; returns the four counters of the loss. */
export function trainStep(
  { network }: Session,
  optimizer: Sgd,
  { images, labels, mixed }: DeviceBatch,
  { lr, step, ...options }: StepOptions & { lr: number; step: number },
): tf.Tensor1D {
  return asStep(() =>
    tf.tidy(() => {
      const { stats, gradients } = network.gradients(images, labels, { ...options, step, mixed });
      network.onPhase('optimizer', '');
      optimizer.step(gradients, lr);
      return stats;
    }),
  );
}
