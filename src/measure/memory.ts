import { constants } from 'node:buffer';
import * as tf from '@tensorflow/tfjs-core';
import { type Architecture, withoutDrawing } from '../archs/index.js';
import { type CountingBackend, withCountingBackend } from '../backend/counting-backend.js';
import type { Backend } from '../backend/index.js';
import { UsageError } from '../errors.js';
import { Optimizer } from '../network/optimizer.js';
import { networkCard } from '../session/network-card.js';
import { openSession, type Session, upload } from '../session/session.js';
import { trainStep } from '../train/step.js';

/** Bytes that a training step takes on backend cpu. */
export interface TrainingMemory {
  /** Trained weights and running statistics. */
  readonly weights: number;
  readonly momentum: number;
  /** Gradients of all weights, which are complete at the end of the backward pass. */
  readonly gradients: number;
  /**
   * Copies of weights in the type in which kernels read them; null where there is no addon to ask.
   */
  readonly copies: number | null;
  /** Values kept for the backward pass: outputs of layers, the images, the logits. */
  readonly activations: number;
  /**
   * The peak, while activations are freed and gradients made, with what kernels take for
   * themselves; null where there is no addon to ask.
   */
  readonly peak: number | null;
}

/**
 * Counts a training step of a network with its auxiliary heads. The step runs on the counting
 * backend, which knows shapes alone and must be empty.
 */
export function trainingMemory(
  architecture: Architecture,
  device: CountingBackend,
  settings: { batchSize: number; inputSize: number; channels: 1 | 3; numClasses: number },
): TrainingMemory {
  const { batchSize, inputSize, channels, numClasses } = settings;
  const most = Math.floor(constants.MAX_LENGTH / (inputSize ** 2 * channels));
  if (batchSize > most) {
    throw new UsageError(
      `Expected --batch-size to be at most ${most} at ${inputSize}×${inputSize}×${channels} but received ${batchSize}`,
    );
  }
  const classes = Array.from({ length: numClasses }, (_, index) => String(index));
  const auxWeight = architecture.auxiliary?.weight ?? 0;
  const card = networkCard(architecture, { classes, inputSize, channels, auxWeight });
  const session = withoutDrawing(() => openSession(architecture, card, 0));
  const weights = device.count().bytes;
  const optimizer = new Optimizer(session.network.weights, architecture.recipe);
  const momentum = device.count().bytes - weights;
  let kept = 0;
  device.onKernel = (kernel) => {
    if (kernel === 'SoftmaxCrossEntropy') kept = device.count().bytes;
  };
  // The first step makes the copies of weights.
  for (let step = 0; step < 2; step++) runStep(session, optimizer, batchSize, step);
  const { copiedBytes: copies, peakBytes } = device.count();
  session.network.dispose();
  session.model.dispose();
  tf.dispose(optimizer.state);
  const activations = kept - weights - momentum - copies;
  const known = { weights, momentum, gradients: momentum, activations };
  if (device.source instanceof Error) return { ...known, copies: null, peak: null };
  return { ...known, copies, peak: peakBytes };
}

/**
 * The memory of a training step beside a backend that computes. Other backends than cpu allocate in
 * their own ways, so that only what every one of them holds is known.
 */
export async function estimateMemory(
  architecture: Architecture,
  { name, precision }: Pick<Backend, 'name' | 'precision'>,
  settings: Parameters<typeof trainingMemory>[2],
): Promise<{ stepBytes: number | null; leastBytes: number }> {
  const { peak, weights, momentum, gradients, activations } = await withCountingBackend(
    precision,
    (device) => trainingMemory(architecture, device, settings),
  );
  const leastBytes = weights + momentum + gradients + activations;
  return { stepBytes: name === 'cpu' ? peak : null, leastBytes };
}

function runStep(session: Session, optimizer: Optimizer, batchSize: number, step: number): void {
  const { inputSize, channels } = session.card;
  const batch = upload(session, {
    images: new Uint8Array(batchSize * inputSize * inputSize * channels),
    labels: new Int32Array(batchSize),
    mirror: new Uint8Array(batchSize),
    offsets: new Float32Array(batchSize * channels),
    count: batchSize,
    release: () => {},
  });
  const options = { lr: 0, smoothing: 0, seed: 0, step, auxiliaryWeight: 1 };
  tf.dispose([trainStep(session, optimizer, batch, options), batch.images, batch.labels]);
}
