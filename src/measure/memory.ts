import { constants } from 'node:buffer';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Architecture, withoutDrawing } from '../archs/index.js';
import { type CountingBackend, withCountingBackend } from '../backend/counting-backend.js';
import type { Backend } from '../backend/index.js';
import { CallCounter, type CountedCall } from '../backend/tuning/calls.js';
import { UsageError } from '../errors.js';
import { WeightAverage } from '../network/average.js';
import { Optimizer } from '../network/optimizer.js';
import { trainingSize } from '../session/augmentation.js';
import { networkCard } from '../session/network-card.js';
import {
  type DeviceBatch,
  disposeBatch,
  evaluateStep,
  openSession,
  type Session,
  upload,
} from '../session/session.js';
import { freezeLayers } from '../train/start/freeze.js';
import type { MemoryEstimate, MemorySettings } from '../train/start/request.js';
import { trainStep } from '../train/step.js';

/** Bytes that a training takes on backend cpu. */
export interface TrainingMemory {
  /** Trained weights and running statistics. */
  readonly weights: number;
  /** What the optimizer keeps from step to step, the sums of --grad-accum-steps among it. */
  readonly optimizer: number;
  /** The averaged weights of --ema-decay. */
  readonly average: number;
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
  /** The kernels of a step, by their shapes; none where there is no addon. */
  readonly calls: readonly CountedCall[];
}

/** What takes part in a training. */
interface Trained {
  readonly session: Session;
  readonly optimizer: Optimizer;
  readonly average: WeightAverage | undefined;
  readonly settings: MemorySettings;
}

/**
 * Counts a training of a network, with its auxiliary heads where nothing else is said. It runs on
 * the counting backend, which knows shapes alone and must be empty.
 */
export async function trainingMemory(
  architecture: Architecture,
  device: CountingBackend,
  settings: MemorySettings,
): Promise<TrainingMemory> {
  checkBatch(settings);
  const session = openNetwork(architecture, settings);
  const weights = device.count().bytes;
  const optimizer = new Optimizer(session.network.weights, { ...architecture.recipe, ...settings });
  const state = device.count().bytes - weights;
  const average = settings.emaDecay == null ? undefined : new WeightAverage(session.model);
  const averages = device.count().bytes - weights - state;
  const trained = { session, optimizer, average, settings };
  // The first step and the evaluations make the copies of weights.
  runStep(trained, 0);
  await evaluate(trained);
  let kept = 0;
  device.onKernel = (kernel) => {
    if (kernel.endsWith('CrossEntropy')) kept = device.count().bytes;
  };
  const counter = new CallCounter();
  device.onCall = (call) => counter.add(call);
  runStep(trained, 1);
  device.onCall = () => {};
  const { copiedBytes: copies, peakBytes } = device.count();
  const before = weights + state + averages + copies;
  const known = {
    ...{ weights, optimizer: state, average: averages },
    gradients: session.network.weights.reduce((sum, { variable }) => sum + 4 * variable.size, 0),
    activations: kept - before,
    calls: counter.calls,
  };
  tf.dispose([optimizer.state, average?.variables ?? []]);
  session.network.dispose();
  if (session.training.network !== session.network) session.training.network.dispose();
  session.model.dispose();
  if (device.source instanceof Error) return { ...known, copies: null, peak: null };
  return { ...known, copies, peak: peakBytes };
}

/**
 * The memory of a training beside a backend that computes. Other backends than cpu allocate in
 * their own ways, so that only what every one of them holds is known.
 */
export async function estimateMemory(
  architecture: Architecture,
  { name, precision }: Pick<Backend, 'name' | 'precision'>,
  settings: MemorySettings,
): Promise<MemoryEstimate> {
  const { peak, weights, optimizer, average, gradients, activations, calls } =
    await withCountingBackend(precision, (device) =>
      trainingMemory(architecture, device, settings),
    );
  const leastBytes = weights + optimizer + average + gradients + activations;
  return { stepBytes: name === 'cpu' ? peak : null, leastBytes, calls };
}

/** A training step on the counting backend, for whoever follows the kernels that it calls. */
export function countStep(architecture: Architecture, settings: MemorySettings): void {
  const session = openNetwork(architecture, settings);
  const optimizer = new Optimizer(session.network.weights, { ...architecture.recipe, ...settings });
  runStep({ session, optimizer, average: undefined, settings }, 0);
  tf.dispose(optimizer.state);
  session.network.dispose();
  session.model.dispose();
}

function checkBatch({ batchSize, channels, ...settings }: MemorySettings): void {
  const size = Math.max(settings.inputSize, trainingSize(settings));
  const most = Math.floor(constants.MAX_LENGTH / (size ** 2 * channels));
  if (batchSize <= most) return;
  throw new UsageError(
    `Expected --batch-size to be at most ${most} at ${size}×${size}×${channels} but received ${batchSize}`,
  );
}

function openNetwork(
  architecture: Architecture,
  { inputSize, channels, numClasses, freeze = null, ...settings }: MemorySettings,
): Session {
  const classes = Array.from({ length: numClasses }, (_, index) => String(index));
  const auxWeight = settings.auxWeight ?? architecture.auxiliary?.weight ?? 0;
  const card = networkCard(architecture, { classes, inputSize, channels, auxWeight });
  const prepare = (model: LayersModel) => {
    if (freeze !== null) freezeLayers(model, freeze);
  };
  const size = trainingSize({ inputSize, ...settings });
  return withoutDrawing(() => openSession(architecture, card, 0, prepare, size));
}

function runStep({ session, optimizer, average, settings }: Trained, step: number): void {
  const batch = uploadBatch(session, settings, session.training.size);
  const { gradAccumSteps = 1, bceLoss = false } = settings;
  const options = { lr: 0, smoothing: 0, seed: 0, step, auxiliaryWeight: 1 };
  const loss = bceLoss ? 'sigmoid' : 'softmax';
  const whole = { first: true, last: true, labels: 1, labelsSoFar: 1 };
  const group = gradAccumSteps > 1 && { group: whole };
  trainStep(session, optimizer, batch, { ...options, loss, ...group }).dispose();
  average?.update(0);
  disposeBatch(batch);
}

/** Evaluates the weights and their average, as is done after each epoch. */
async function evaluate({ session, average, settings }: Trained): Promise<void> {
  const evaluateBatch = async () => {
    const { batchSize, inputSize, channels } = settings;
    const batch = uploadBatch(session, { batchSize, channels }, inputSize);
    evaluateStep(session, batch).dispose();
    disposeBatch(batch);
  };
  await evaluateBatch();
  await average?.during(evaluateBatch);
}

function uploadBatch(
  session: Session,
  settings: Omit<MemorySettings, 'numClasses' | 'inputSize'>,
  size: number,
): DeviceBatch {
  const { batchSize, channels } = settings;
  const { mixupAlpha = 0, cutmixAlpha = 0, randomErase = 0 } = settings;
  const box = { left: 0, top: 0, right: 0, bottom: 0 };
  const mixes = mixupAlpha > 0 || cutmixAlpha > 0;
  const batch = {
    // They need no memory of the host.
    images: new Uint8Array(0),
    takeFromDevice: () => {
      const { dataId } = tf.fill([batchSize, size, size, channels], 0, 'bool');
      tf.backend().incRef(dataId);
      return dataId;
    },
    labels: new Int32Array(batchSize),
    mirror: new Uint8Array(batchSize),
    offsets: new Float32Array(batchSize * channels),
    ...(randomErase > 0 && { erased: new Int32Array(4 * batchSize) }),
    ...(mixes && { mix: { box, share: 1, shareInBox: 1 } }),
    count: batchSize,
    release: () => {},
  };
  return upload(session, batch, { size });
}
