import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { architectures, findArchitecture, withoutDrawing } from '../../src/archs/index.js';
import { openBackend } from '../../src/backend/index.js';
import { Network } from '../../src/network/network.js';
import { Sgd } from '../../src/network/sgd.js';
import { loadWeightsFile, openWeightsFile } from '../../src/weights/index.js';
import { placesOf } from '../../src/weights/mapping.js';
import { cnn, temporaryDirectory } from '../commands/program.js';
import { assertClose } from '../network/backends.js';
import { needsTorchvision, torchvision } from './torch.js';

const CLASSES = 10;

/**
 * Our networks that have torchvision's weights; sizes and batches that take seconds. Untrained
 * networks with batch normalisation are sensitive: of ResNet-18 at a rate of 0.01 and GoogLeNet at
 * 0.001 PyTorch's own losses in float32 are 1e-2 from those in float64 after five steps. At these
 * rates the losses fall by 5 to 30 %, so that 1e-3 tells a wrong step from a right one.
 */
const NETWORKS: readonly { name: string; size: number; batch: number; lr?: number }[] = [
  { name: 'alexnet-torchvision', size: 127, batch: 4, lr: 1e-2 },
  { name: 'vgg11', size: 224, batch: 1 },
  { name: 'vgg11-bn', size: 224, batch: 2, lr: 1e-4 },
  { name: 'googlenet-torchvision', size: 96, batch: 8, lr: 1e-5 },
  { name: 'resnet18-torchvision', size: 96, batch: 8, lr: 1e-4 },
  { name: 'resnet50-torchvision', size: 95, batch: 2 },
  { name: 'densenet121', size: 96, batch: 8, lr: 1e-4 },
  { name: 'densenet161', size: 64, batch: 2 },
];
const STEPS = 5;

/** What torchvision calls it. */
function torchName(name: string): string {
  return name.replace('-torchvision', '').replace('-', '_');
}

describe("torchvision's networks", function () {
  this.timeout(300_000);
  needsTorchvision();
  const directory = temporaryDirectory();

  it('have the tensors that ours have, in name and shape', async () => {
    const mapped = architectures.filter(({ torchvision }) => torchvision !== undefined);
    const names = mapped.map(({ name }) => torchName(name));
    const shapes = JSON.parse(await torchvision('shapes', ...names));
    await openBackend('js', { precision: 'f32' });
    for (const architecture of mapped) {
      const { size, channels, classes, auxiliary } = architecture;
      const options = { size, channels, classes, seed: 0, auxiliary: auxiliary !== undefined };
      const net = withoutDrawing(() => architecture.build(options));
      const ours = placesOf(net, architecture).map(({ name, shape }) => [name, shape]);
      const { name } = architecture;
      const theirs = Object.entries(shapes[torchName(name)]).filter(
        ([tensor]) => !tensor.endsWith('num_batches_tracked'),
      );
      assert.deepEqual(Object.fromEntries(ours), Object.fromEntries(theirs), name);
      net.dispose();
    }
  });

  describe('on our backend', () => {
    before(async function () {
      try {
        await openBackend('cpu', { precision: 'f32' });
      } catch (error) {
        console.warn(`      skipped: ${(error as Error).message}`);
        this.skip();
      }
    });
    after(() => tf.setBackend('cpu'));

    for (const { name, size, batch, lr = 0 } of NETWORKS) {
      it(`give the same logits${lr > 0 ? ' and losses' : ''}: ${name}`, async () => {
        const steps = lr > 0 ? STEPS : 0;
        const at = join(directory.path, name);
        await mkdir(at);
        const count = ['--size', size, '--batch', batch, '--steps', steps, '--lr', lr].map(String);
        await torchvision('run', torchName(name), at, ...count);
        const { net, images, labels, expected } = await prepare(name, size, batch, at);
        const network = new Network(net);
        const logits = () => tf.tidy(() => network.predict(images(0)).dataSync());
        assertClose(logits(), expected.logits.flat(), 1e-4, 'logits');
        const sgd = new Sgd(network.weights, SGD);
        for (const [step, loss] of expected.losses.entries()) {
          const mean = tf.tidy(() => {
            const options = { smoothing: 0, seed: 0, step, auxiliaryWeight: 0.3 };
            const { stats, gradients } = network.gradients(
              images(step % 2),
              labels(step % 2),
              options,
            );
            sgd.step(gradients, lr);
            return (stats.dataSync()[0] as number) / batch;
          });
          assertClose([mean], [loss], 1e-3, `loss of step ${step + 1}`);
        }
        // Only here are the running statistics of the training read.
        assertClose(logits(), expected.trained.flat(), 1e-3, 'logits after training');
        sgd.dispose();
        network.dispose();
        net.dispose();
        await rm(at, { recursive: true });
      });
    }

    it('give the same logits on the command line, for an image that goes in as it is', async () => {
      const at = join(directory.path, 'predict');
      await mkdir(at);
      const size = 224;
      const pixels = Uint8Array.from({ length: size * size * 3 }, (_, index) => (index * 37) % 251);
      const [raw, png] = [join(at, 'image.bin'), join(at, 'image.png')];
      await writeFile(raw, pixels);
      await sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
        .png()
        .toFile(png);
      const count = ['--size', String(size), '--batch', '1', '--steps', '0'];
      await torchvision('run', 'resnet18', at, ...count, '--image', raw);
      const { logits } = JSON.parse(await readFile(join(at, 'expected.json'), 'utf8')) as Expected;
      const ended = await cnn([
        ...['predict', '--arch', 'resnet18-torchvision', '--weights', join(at, 'weights.pth')],
        ...['--resize-size', String(size), '--crop-size', String(size)],
        ...['--backend', 'cpu', '--precision', 'f32', '--logits', '--json', png],
      ]);
      assert.equal(ended.code, 0, ended.stderr);
      assertClose(JSON.parse(ended.stdout)[0].logits, logits.flat(), 1e-4, 'logits');
    });
  });
});

const SGD = { momentum: 0.9, nesterov: false, weightDecay: 1e-4, decayBias: true, biasLrScale: 1 };

interface Expected {
  readonly logits: number[][];
  readonly losses: number[];
  readonly trained: number[][];
}

async function prepare(name: string, size: number, batch: number, at: string) {
  const architecture = findArchitecture(name);
  const auxiliary = architecture.auxiliary !== undefined;
  const options = { classes: CLASSES, size, channels: 3, seed: 0, auxiliary } as const;
  const net = withoutDrawing(() => architecture.build(options));
  for (const layer of net.layers) {
    // As expected.py does.
    if (layer.getClassName() === 'Dropout') Object.assign(layer, { rate: 0 });
  }
  const file = await openWeightsFile(join(at, 'weights.pth'));
  await loadWeightsFile(net, architecture, file, { otherClasses: false });
  await file.close();
  const expected: Expected = JSON.parse(await readFile(join(at, 'expected.json'), 'utf8'));
  const pixels = new Float32Array(await contentOf(join(at, 'images.bin')));
  const classes = new Int32Array(await contentOf(join(at, 'labels.bin')));
  const shape: [number, number, number, number] = [batch, size, size, 3];
  const length = tf.util.sizeFromShape(shape);
  return {
    net,
    expected,
    images: (step: number) =>
      tf.tensor4d(pixels.subarray(step * length, (step + 1) * length), shape),
    labels: (step: number) =>
      tf.tensor1d(classes.subarray(step * batch, (step + 1) * batch), 'int32'),
  };
}

async function contentOf(file: string): Promise<ArrayBuffer> {
  return new Uint8Array(await readFile(file)).buffer;
}
