/** A network of every family learns: it overfits 16 images on the way that `cnn train` takes. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture } from '../../src/archs/index.js';
import { Optimizer } from '../../src/network/optimizer.js';
import { random } from '../../src/rng.js';
import { networkCard } from '../../src/session/network-card.js';
import { evaluateStep, openSession, upload } from '../../src/session/session.js';
import { trainStep } from '../../src/train/step.js';
import { EMULATED, liveTensors, nativeBackend, onEachBackend, timeLimit } from './backends.js';
import { narrowArchitecture } from './narrow.js';

const IMAGES = 16;
const CLASSES = ['first', 'second', 'third', 'fourth'];
const SGD = { momentum: 0.9, nesterov: false, weightDecay: 0, decayBias: false, biasLrScale: 1 };

interface Case {
  readonly name: string;
  readonly size: number;
  readonly lr: number;
  /** Of the channels, on an emulated GPU, which would take hours for all of them; else a quarter. */
  readonly share?: number;
}

const NETWORKS: readonly Case[] = [
  { name: 'lenet5', size: 28, lr: 0.05, share: 1 },
  { name: 'lenet5-1998', size: 32, lr: 0.1, share: 1 },
  { name: 'simple-cnn', size: 28, lr: 0.003 },
  { name: 'alexnet', size: 67, lr: 0.02 },
  { name: 'vgg11', size: 32, lr: 0.01 },
  { name: 'vgg11-bn', size: 32, lr: 0.005 },
  { name: 'googlenet', size: 32, lr: 0.01 },
  { name: 'googlenet-bn', size: 32, lr: 0.05 },
  { name: 'resnet50', size: 32, lr: 0.01 },
  { name: 'resnet50-torchvision', size: 32, lr: 0.01 },
  { name: 'plain18', size: 32, lr: 0.05 },
  { name: 'preresnet50', size: 32, lr: 0.05 },
  { name: 'densenet121', size: 32, lr: 0.05 },
  { name: 'resnet20-cifar', size: 32, lr: 0.05 },
  { name: 'densenet40-k12', size: 16, lr: 0.05 },
];

describe('A network learns 16 images by heart', function () {
  // Seconds each, but more on a machine that is busy otherwise.
  this.timeout(timeLimit(300_000));

  onEachBackend((backend) => {
    // In plain JavaScript they take minutes; tensorflow.test.ts has steps on TensorFlow.
    if (!backend.native) return;
    for (const network of NETWORKS) {
      it(`${network.name} at ${network.size} pixels`, () => {
        const losses = learn(network);
        assert.ok((losses.at(-1) as number) < 0.1, losses.map((loss) => loss.toFixed(3)).join(' '));
      });
    }
  });
});

/** The losses at every fourth step until one is below 0.1, 80 steps at most. */
function learn({ name, size, lr, share = 1 / 4 }: Case): number[] {
  const live = liveTensors();
  const fallbacks = new Map(nativeBackend()?.fallbacks);
  const architecture = EMULATED ? narrowArchitecture(name, share) : findArchitecture(name);
  const { channels } = architecture;
  const auxWeight = architecture.auxiliary?.weight ?? 0;
  const options = { classes: CLASSES, inputSize: size, channels, auxWeight };
  const session = openSession(architecture, networkCard(architecture, options), 1);
  const optimizer = new Optimizer(session.network.weights, SGD);
  const batch = upload(session, {
    images: images(size, channels),
    labels: Int32Array.from({ length: IMAGES }, (_, index) => index % CLASSES.length),
    mirror: new Uint8Array(IMAGES),
    offsets: new Float32Array(IMAGES * channels),
    count: IMAGES,
    release: () => {},
  });
  const losses: number[] = [];
  for (let step = 0; step < 80 && !((losses.at(-1) ?? 1) < 0.1); step++) {
    const settings = { smoothing: 0, seed: 1, auxiliaryWeight: auxWeight, lr, step };
    const trained = trainStep(session, optimizer, batch, settings);
    if (step % 4 === 3) {
      // Without dropout, but by running statistics that lag behind: the better of the two.
      const evaluated = evaluateStep(session, batch);
      const sums = [trained, evaluated].map((stats) => stats.dataSync()[0] as number);
      losses.push(Math.min(...sums) / IMAGES);
      evaluated.dispose();
    }
    trained.dispose();
  }
  optimizer.dispose();
  session.network.dispose();
  session.model.dispose();
  tf.dispose([batch.images, batch.labels]);
  assert.deepEqual(liveTensors(), live);
  assert.deepEqual(nativeBackend()?.fallbacks, fallbacks, 'kernels on tfjs-backend-cpu');
  return losses;
}

/** 4 × 4 fields of colour at random, but for the row that tells the class, which is white. */
function images(size: number, channels: number): Uint8Array {
  const draw = random(7, 'augment');
  const fields = Uint8Array.from({ length: IMAGES * 16 * channels }, () => draw.below(128));
  const bytes = new Uint8Array(IMAGES * size * size * channels);
  for (let at = 0; at < bytes.length; at++) {
    const pixel = Math.floor(at / channels);
    const [image, place] = [Math.floor(pixel / size ** 2), pixel % size ** 2];
    const row = Math.floor((4 * Math.floor(place / size)) / size);
    const column = Math.floor((4 * (place % size)) / size);
    const field = image * 16 + row * 4 + column;
    const white = row === image % CLASSES.length;
    bytes[at] = white ? 255 : (fields[field * channels + (at % channels)] as number);
  }
  return bytes;
}
