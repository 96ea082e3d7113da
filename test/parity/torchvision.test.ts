import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import sharp from 'sharp';
import {
  type Architecture,
  architectures,
  findArchitecture,
  withoutDrawing,
} from '../../src/archs/index.js';
import { openBackend } from '../../src/backend/index.js';
import { Network } from '../../src/network/network.js';
import { Optimizer } from '../../src/network/optimizer.js';
import { loadWeightsFile } from '../../src/weights/index.js';
import { placesOf, reverseAxes, type WeightPlace } from '../../src/weights/mapping.js';
import { cnn, temporaryDirectory } from '../commands/program.js';
import { assertClose, norm } from '../network/backends.js';
import { hashedImages, hashedLabels, hashedTensor } from './hash.js';
import { writeHashedWeights } from './hashed-weights.js';

/** What goldens.py wrote. Networks have torchvision's names; lists of logits are (N, classes). */
interface Goldens {
  readonly training: {
    readonly classes: number;
    readonly momentum: number;
    readonly weightDecay: number;
    readonly auxiliaryWeight: number;
  };
  /** SHA-256 of the names and shapes of the tensors. */
  readonly tensors: Readonly<Record<string, string>>;
  readonly networks: Readonly<Record<string, Run>>;
  readonly predict: { readonly size: number; readonly logits: readonly number[] };
}

interface Run {
  readonly size: number;
  readonly batch: number;
  /** 0 where nothing is trained. */
  readonly lr: number;
  readonly logits: readonly number[];
  /** Of the first step: the norm, then elements at equal distances in torchvision's order. */
  readonly gradients?: Readonly<Record<string, readonly number[]>>;
  readonly losses?: readonly number[];
  readonly trained?: readonly number[];
}

const goldens: Goldens = JSON.parse(readFileSync(new URL('goldens.json', import.meta.url), 'utf8'));
const { classes, momentum, weightDecay, auxiliaryWeight } = goldens.training;
const mapped = architectures.filter(({ torchvision }) => torchvision !== undefined);

/** What torchvision calls it. */
function torchName({ name }: Architecture): string {
  return name.replace('-torchvision', '').replace('-', '_');
}

describe("torchvision's networks", function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();

  it('are all compared', () => {
    assert.deepEqual(mapped.map(torchName), Object.keys(goldens.tensors));
    const families = new Set(mapped.map(({ family }) => family));
    const compared = Object.keys(goldens.networks).map((name) => ours(name).family);
    assert.deepEqual(new Set(compared), families);
  });

  for (const architecture of mapped) {
    it(`have the tensors that ours have, in name and shape: ${architecture.name}`, async () => {
      await openBackend('js', { precision: 'f32' });
      const { size, channels, classes, auxiliary } = architecture;
      const options = { size, channels, classes, seed: 0, auxiliary: auxiliary !== undefined };
      const net = withoutDrawing(() => architecture.build(options));
      const found = placesOf(net, architecture).map(({ name, shape }) => {
        return `${name} (${shape.join(', ')})`;
      });
      const digest = createHash('sha256').update(found.sort().join('\n')).digest('hex');
      const name = torchName(architecture);
      const list = `for the list: goldens.py shapes ${name}`;
      assert.equal(digest, goldens.tensors[name], list);
      net.dispose();
    });
  }

  describe('on our backend', () => {
    before(() => openBackend('cpu', { precision: 'f32' }));
    after(() => tf.setBackend('cpu'));

    for (const [name, run] of Object.entries(goldens.networks)) {
      const trained = run.losses ? ', gradients and losses' : '';
      it(`give the same logits${trained}: ${ours(name).name}`, () => compare(ours(name), run));
    }

    it('give the same logits on the command line, for an image that goes in as it is', async () => {
      const { size, logits } = goldens.predict;
      const [image, weights] = ['image.png', 'weights.safetensors'].map((file) => {
        return join(directory.path, file);
      }) as [string, string];
      const pixels = Uint8Array.from({ length: size * size * 3 }, (_, index) => (index * 37) % 251);
      const raw = { width: size, height: size, channels: 3 } as const;
      await sharp(pixels, { raw }).png().toFile(image);
      await writeHashedWeights(weights, findArchitecture('resnet18-torchvision'), classes);
      const ended = await cnn([
        ...['predict', '--arch', 'resnet18-torchvision', '--weights', weights],
        ...['--resize-size', String(size), '--crop-size', String(size)],
        ...['--backend', 'cpu', '--precision', 'f32', '--logits', '--json', image],
      ]);
      assert.equal(ended.code, 0, ended.stderr);
      assertClose(JSON.parse(ended.stdout)[0].logits, logits, 1e-4, 'logits');
    });
  });
});

function ours(name: string): Architecture {
  const found = mapped.find((architecture) => torchName(architecture) === name);
  assert.ok(found, `no architecture for torchvision's ${name}`);
  return found;
}

async function compare(architecture: Architecture, golden: Run): Promise<void> {
  const { size, batch, lr } = golden;
  const net = await build(architecture, size);
  const network = new Network(net);
  const shape: [number, number, number, number] = [batch, size, size, 3];
  const images = hashedImages(batch, size).map((values) => tf.tensor4d(values, shape));
  const labels = hashedLabels(batch, classes).map((values) => tf.tensor1d(values, 'int32'));
  const at = <T>(list: readonly T[], step: number) => list[step % list.length] as T;
  const logits = () => tf.tidy(() => network.predict(at(images, 0)).dataSync());
  assertClose(logits(), golden.logits, 1e-4, 'logits');
  const sgd = new Optimizer(network.weights, {
    ...{ momentum, nesterov: false, weightDecay, decayBias: true, biasLrScale: 1 },
  });
  const places = placesOf(net, architecture);
  for (const [step, loss] of golden.losses?.entries() ?? []) {
    const options = { smoothing: 0, seed: 0, step, auxiliaryWeight };
    const { stats, gradients } = network.gradients(at(images, step), at(labels, step), options);
    if (step === 0) {
      const named = new Map(
        network.weights.map(({ name }, i) => [name, gradients[i] as tf.Tensor]),
      );
      assertGradients(places, named, golden.gradients ?? {});
    }
    sgd.step(gradients, lr);
    assertClose([(stats.dataSync()[0] as number) / batch], [loss], 3e-4, `loss ${step + 1}`);
    tf.dispose([stats, gradients]);
  }
  // The running statistics that training leaves are read here alone.
  if (golden.trained) assertClose(logits(), golden.trained, 1e-3, 'logits after training');
  sgd.dispose();
  network.dispose();
  net.dispose();
  tf.dispose([images, labels]);
}

/** The network with the weights that goldens.py gives it, and without dropout. */
async function build(architecture: Architecture, size: number): Promise<LayersModel> {
  const auxiliary = architecture.auxiliary !== undefined;
  const options = { classes, size, channels: 3, seed: 0, auxiliary } as const;
  const net = withoutDrawing(() => architecture.build(options));
  for (const layer of net.layers) {
    if (layer.getClassName() === 'Dropout') Object.assign(layer, { rate: 0 });
  }
  const places = placesOf(net, architecture);
  const tensors = new Map(places.map(({ name, shape }) => [name, hashedTensor(name, shape)]));
  const file = { path: 'goldens', tensors, close: async () => {} };
  await loadWeightsFile(net, architecture, file, { otherClasses: false });
  return net;
}

/**
 * The tolerance is wide: rounding moves some values across the 0 of a ReLU, and in the first layers
 * of DenseNet-121 an element is off by 1e-2 in float32.
 */
function assertGradients(
  places: readonly WeightPlace[],
  gradients: ReadonlyMap<string, tf.Tensor>,
  expected: Readonly<Record<string, readonly number[]>>,
): void {
  for (const [name, [length = 0, ...elements]] of Object.entries(expected)) {
    const place = places.find((place) => place.name === name);
    const gradient = place && gradients.get(place.variable.originalName);
    assert.ok(gradient, `no gradient of ${name}`);
    const own = gradient.dataSync() as Float32Array;
    const values = place.order === undefined ? own : reverseAxes(own, place.order);
    assertClose([norm(values)], [length], 1e-2, `norm of the gradient of ${name}`);
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const [i, element] of elements.entries()) {
      const index = Math.floor((values.length * i) / elements.length);
      const error = Math.abs((values[index] as number) - element);
      assert.ok(error <= 5e-2 * largest, `element ${index} of the gradient of ${name}`);
    }
  }
}
