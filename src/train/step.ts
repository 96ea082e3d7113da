import * as tf from '@tensorflow/tfjs-core';
import type { Loss } from '../network/loss.js';
import type { Optimizer } from '../network/optimizer.js';
import type { Together } from '../network/rules/rule.js';
import { asStep } from '../network/run-kernel.js';
import type { DeviceBatch, Session } from '../session/session.js';
import type { Update } from './updating.js';

/** How a network is trained. */
export interface StepOptions {
  readonly smoothing: number;
  /** Softmax by default. */
  readonly loss?: Loss;
  readonly seed: number;
  /** Share of each auxiliary head's loss. */
  readonly auxiliaryWeight: number;
  /** How several processes divide the batch. */
  readonly together?: Together | undefined;
}

/** The learning rate; the weights change at every step where nothing else is said. */
type Change = Omit<Update, 'update'> & Partial<Pick<Update, 'update'>>;

/** One step of training; returns the four counters of the loss. */
export function trainStep(
  { training: { network } }: Pick<Session, 'training'>,
  optimizer: Optimizer,
  { images, labels, mixed }: DeviceBatch,
  given: StepOptions & Change & { readonly step: number },
): tf.Tensor1D {
  return asStep(() =>
    tf.tidy(() => {
      const { lr, update, group, momentum, step, ...options } = given;
      const change = optimizer.begin(lr, update ?? step + 1, {
        ...(group && { group }),
        ...(momentum !== undefined && { momentum }),
      });
      const stats = network.giveGradients(images, labels, { ...options, step, mixed }, change);
      network.onPhase('optimizer', '');
      change.finish();
      return stats;
    }),
  );
}
