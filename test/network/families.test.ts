/** Whole networks of every family, narrow and on small images, against tfjs's tape. */
import assert from 'node:assert/strict';
import { architectures } from '../../src/archs/index.js';
import { onEachBackend } from './backends.js';
import { narrow } from './narrow.js';
import { assertParity } from './parity.js';

interface Row {
  readonly name: string;
  readonly size: number;
  readonly share: number;
  /** Networks of the same parts in another number, which it stands for. */
  readonly like?: readonly string[];
}

// biome-ignore format: one network a row
const NETWORKS: readonly Row[] = [
  { name: 'lenet5',                size: 28, share: 1 },
  { name: 'lenet5-1998',           size: 32, share: 1 },
  { name: 'simple-cnn',            size: 28, share: 1 / 8 },
  { name: 'alexnet',               size: 67, share: 1 / 8, like: ['alexnet-1gpu'] },
  { name: 'alexnet-torchvision',   size: 67, share: 1 / 8 },
  { name: 'nin',                   size: 67, share: 1 / 8 },
  { name: 'nin-cifar',             size: 20, share: 1 / 8 },
  { name: 'vgg11-lrn',             size: 32, share: 1 / 16, like: ['vgg11', 'vgg13', 'vgg16', 'vgg19'] },
  { name: 'vgg16-1x1',             size: 32, share: 1 / 16 },
  { name: 'vgg11-bn',              size: 48, share: 1 / 16, like: ['vgg13-bn', 'vgg16-bn', 'vgg19-bn'] },
  { name: 'googlenet',             size: 80, share: 1 / 8 },
  { name: 'googlenet-torchvision', size: 80, share: 1 / 8, like: ['googlenet-bn'] },
  { name: 'resnet18',              size: 48, share: 1 / 16, like: ['resnet34'] },
  { name: 'resnet50',              size: 48, share: 1 / 16, like: ['resnet101', 'resnet152'] },
  { name: 'resnet50-torchvision',  size: 48, share: 1 / 16, like: ['resnet101-torchvision', 'resnet152-torchvision'] },
  { name: 'plain18',               size: 48, share: 1 / 16, like: ['plain34', 'plain20-cifar', 'plain56-cifar'] },
  { name: 'preresnet50',           size: 48, share: 1 / 16, like: ['preresnet101', 'preresnet152', 'preresnet200'] },
  { name: 'resnet20-cifar',        size: 32, share: 1 / 4, like: ['resnet32-cifar', 'resnet44-cifar', 'resnet56-cifar', 'resnet110-cifar'] },
  { name: 'densenet121',           size: 48, share: 1 / 8, like: ['densenet161', 'densenet169', 'densenet201', 'densenet264', 'densenet-bc100-k12'] },
  { name: 'densenet40-k12',        size: 16, share: 1 / 4 },
];

describe('A network has the gradients of tfjs', function () {
  // Seconds each, but more on a machine that is busy otherwise.
  this.timeout(300_000);

  it('for every network of the catalogue, by itself or by one of the same parts', () => {
    const tested = NETWORKS.flatMap(({ name, like = [] }) => [name, ...like]);
    assert.deepEqual(tested.sort(), architectures.map(({ name }) => name).sort());
  });

  onEachBackend((backend) => {
    // Batch normalisation over eight values magnifies rounding a thousandfold in f32. In bf16 that,
    // and pooling that takes another of two rounded candidates, leave nothing to compare but the
    // end of the network; each rule is held to 2 % by itself.
    const options =
      backend.precision === 'bf16'
        ? { tolerance: 0.2, logitsTolerance: 1e-2, headsAlone: true }
        : { tolerance: 5e-3, logitsTolerance: 1e-5 };
    for (const { name, size, share } of NETWORKS) {
      it(`${name}, narrow, at ${size} pixels`, () => {
        const build = () => narrow(name, size, share);
        const settings = { ...options, cacheKey: name, batch: 2, byNorm: true };
        assertParity(backend, build, settings);
      });
    }
  });
});
