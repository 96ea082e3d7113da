/** Training on a GPU is training on the CPU, up to rounding; it leaks nothing. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture } from '../../src/archs/index.js';
import { openBackend } from '../../src/backend/index.js';
import { NATIVE_BACKENDS } from '../../src/backend/native.js';
import type { NativeBackend } from '../../src/backend/native-backend.js';
import { Optimizer } from '../../src/network/optimizer.js';
import { random } from '../../src/rng.js';
import { networkCard } from '../../src/session/network-card.js';
import { openSession, upload } from '../../src/session/session.js';
import { trainStep } from '../../src/train/step.js';
import { assertCloseByNorm, liveTensors, norm } from '../network/backends.js';
import { onCuda } from './emulated.js';

const THREADS = Number(process.env['CNN_TEST_THREADS']) || undefined;
const CLASSES = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'];
const SGD = { momentum: 0.9, nesterov: false, weightDecay: 1e-4, decayBias: false, biasLrScale: 1 };

interface Case {
  readonly name: string;
  readonly size: number;
  /** Small, so that rounding does not grow from step to step. */
  readonly lr: number;
  readonly batch?: number;
  /**
   * Of the weights' changes in f32, instead of 1e-3: where an activation falls on the other side of
   * zero by rounding, the gradients of its image change by percents.
   */
  readonly tolerance?: number;
  /** Of the losses in f32, instead of 1e-4: normalising few values magnifies rounding. */
  readonly losses?: number;
  /** Only with CNN_TEST_NETWORKS=all in bf16 too: it takes half a minute. */
  readonly large?: boolean;
}

const ALL = process.env['CNN_TEST_NETWORKS'] === 'all';
const MORE: readonly Case[] = [
  { name: 'lenet5-1998', size: 32, lr: 0.02 },
  { name: 'simple-cnn', size: 28, lr: 0.00001, tolerance: 0.01 },
  { name: 'alexnet-torchvision', size: 67, lr: 0.002 },
  { name: 'vgg11-lrn', size: 32, lr: 0.002 },
  { name: 'vgg11-bn', size: 64, lr: 0.00001, tolerance: 0.03 },
  { name: 'googlenet-bn', size: 64, lr: 0.000002, tolerance: 0.03, losses: 3e-3 },
  { name: 'resnet18', size: 65, lr: 0.00005, tolerance: 0.03 },
  { name: 'resnet50-torchvision', size: 64, lr: 0.0000001, tolerance: 0.03, losses: 3e-3 },
  { name: 'preresnet50', size: 64, lr: 0.000002, tolerance: 0.03, losses: 3e-3 },
  { name: 'densenet121', size: 64, lr: 0.000002, tolerance: 0.03, losses: 3e-3 },
];

/** One of each family; CNN_TEST_NETWORKS=all adds others. */
const NETWORKS: readonly Case[] = [
  { name: 'lenet5', size: 28, lr: 0.02, batch: 7 },
  { name: 'alexnet', size: 67, lr: 0.002, large: true },
  { name: 'vgg11', size: 32, lr: 0.002, large: true },
  { name: 'nin-cifar', size: 32, lr: 0.002 },
  { name: 'googlenet', size: 48, lr: 0.0002, tolerance: 0.03, large: true },
  { name: 'resnet20-cifar', size: 17, lr: 0.0005, batch: 6 },
  { name: 'densenet-bc100-k12', size: 8, lr: 0.0005 },
  ...(ALL ? MORE : []),
];

/** A network in training, with a batch of random images. */
function open({ name, size, batch: count = 5 }: Case) {
  const architecture = findArchitecture(name);
  const { channels } = architecture;
  const auxWeight = architecture.auxiliary?.weight ?? 0;
  const card = networkCard(architecture, {
    ...{ classes: CLASSES, inputSize: size, channels, auxWeight },
  });
  const session = openSession(architecture, card, 3);
  const optimizer = new Optimizer(session.network.weights, SGD);
  const draw = random(9, 'augment');
  const batch = upload(session, {
    images: Uint8Array.from({ length: count * size * size * channels }, () => draw.below(256)),
    labels: Int32Array.from({ length: count }, (_, index) => index % CLASSES.length),
    mirror: Uint8Array.from({ length: count }, (_, index) => index % 2),
    offsets: new Float32Array(count * channels),
    count,
    release: () => {},
  });
  let step = 0;
  return {
    session,
    train(lr: number): tf.Tensor1D {
      const settings = { smoothing: 0.1, seed: 1, auxiliaryWeight: auxWeight, lr, step: step++ };
      return trainStep(session, optimizer, batch, settings);
    },
    close() {
      optimizer.dispose();
      session.network.dispose();
      session.model.dispose();
      tf.dispose([batch.images, batch.labels]);
    },
  };
}

/** The losses of five steps, and how far each weight went in the first one and in all of them. */
function trained(network: Case) {
  const live = liveTensors();
  const { session, train, close } = open(network);
  const read = () =>
    session.model.weights.map((weight) => Float32Array.from(weight.read().dataSync()));
  const before = read();
  const changes = () =>
    read().map((after, index) => after.map((value, at) => value - (before[index]?.[at] as number)));
  const takeStep = () => {
    const stats = train(network.lr);
    const [loss = Number.NaN] = stats.dataSync();
    stats.dispose();
    return loss;
  };
  const losses = [takeStep()];
  const first = changes();
  while (losses.length < 5) losses.push(takeStep());
  const all = changes();
  const names = session.model.weights.map(({ name }) => name);
  close();
  assert.deepEqual(liveTensors(), live);
  return { losses, names, first, all };
}

type Trained = ReturnType<typeof trained>;

/** The weights went the same way, up to a share of the way that the tolerance of each allows. */
function assertSameChanges(
  found: Trained,
  wanted: Trained,
  steps: 'first' | 'all',
  tolerance: (index: number) => number,
) {
  const least = Math.max(...wanted[steps].map(norm)) / 10;
  for (const [index, changes] of wanted[steps].entries()) {
    const name = `${wanted.names[index]}, ${steps}`;
    assertCloseByNorm(found[steps][index] ?? [], changes, tolerance(index), name, least);
  }
}

/** The same losses and the same ways in float32; that of the first step is the gradient. */
function assertSameTraining(found: Trained, wanted: Trained, network: Case) {
  for (const [step, loss] of wanted.losses.entries()) {
    const close =
      Math.abs((found.losses[step] as number) - loss) <= (network.losses ?? 1e-4) * loss;
    assert.ok(close, `losses ${found.losses} and ${wanted.losses}`);
  }
  for (const steps of ['first', 'all'] as const) {
    assertSameChanges(found, wanted, steps, () => network.tolerance ?? 1e-3);
  }
}

function distance(values: ArrayLike<number>, others: ArrayLike<number>): number {
  return norm(Array.from(values, (value, index) => value - (others[index] as number)));
}

/**
 * bf16 on the GPU is as far from float32 as bf16 on the CPU, up to a half more. A layer may be as
 * far as the median layer of the CPU too: where few values pass through it, one that rounding puts
 * on the other side of zero is a large part of its gradient, on either device.
 */
function assertRoundedAlike(found: Trained, onCpu: Trained, exact: Trained) {
  const lossError = distance(found.losses, exact.losses) / norm(exact.losses);
  const allowed = 0.01 + (1.5 * distance(onCpu.losses, exact.losses)) / norm(exact.losses);
  const losses = `losses ${found.losses}, in bf16 on the CPU ${onCpu.losses}, exact ${exact.losses}`;
  assert.ok(lossError <= allowed, losses);
  for (const steps of ['first', 'all'] as const) {
    const least = Math.max(...exact[steps].map(norm)) / 10;
    const errors = exact[steps].map(
      (changes, index) =>
        distance(onCpu[steps][index] ?? [], changes) / Math.max(norm(changes), least),
    );
    const moved = errors.filter((_, index) => norm(exact[steps][index] ?? []) >= least);
    const median = moved.sort((a, b) => a - b)[moved.length >> 1] ?? 0;
    const tolerance = (index: number) => 0.02 + 1.5 * Math.max(errors[index] ?? 0, median);
    assertSameChanges(found, exact, steps, tolerance);
  }
}

async function trainedInFloat32(network: Case): Promise<Trained> {
  await openBackend('cpu', { precision: 'f32', threads: THREADS });
  const result = trained(network);
  await openBackend('cuda', { precision: 'bf16' });
  return result;
}

function emulated(): NativeBackend {
  return tf.engine().findBackend(NATIVE_BACKENDS.cuda) as NativeBackend;
}

describe('training', function () {
  this.timeout(300_000);
  onCuda((precision) => {
    for (const network of NETWORKS.filter(({ large }) => precision === 'f32' || ALL || !large)) {
      it(`of ${network.name} takes the steps that the CPU takes`, async () => {
        const found = trained(network);
        assert.equal(emulated().fallbacks.size, 0);
        await openBackend('cpu', { precision, threads: THREADS });
        const wanted = trained(network);
        await openBackend('cuda', { precision });
        if (precision === 'f32') assertSameTraining(found, wanted, network);
        else assertRoundedAlike(found, wanted, await trainedInFloat32(network));
      });
    }

    it('leaks nothing in 200 steps, and takes no more memory after the first', async () => {
      const network = open({ name: 'lenet5', size: 28, lr: 0.01, batch: 4 });
      const uses: string[] = [];
      for (let step = 0; step < 200; step++) {
        network.train(0.01).dispose();
        // Two steps run ahead.
        if (step % 2 === 0) continue;
        await emulated().sync();
        uses.push(`${emulated().queue.memory(true)} ${tf.memory().numTensors}`);
      }
      network.close();
      assert.deepEqual(new Set(uses.slice(3)).size, 1, uses.join('\n'));
    });
  });
});
