/** Whole networks of every family, narrow and on small images, against tfjs's tape. */
import { onEachBackend } from './backends.js';
import { narrow } from './narrow.js';
import { assertParity } from './parity.js';

const NETWORKS = [
  { name: 'lenet5-1998', size: 32, share: 1 },
  { name: 'simple-cnn', size: 28, share: 1 / 8 },
  { name: 'alexnet', size: 67, share: 1 / 8 },
  { name: 'vgg11-lrn', size: 32, share: 1 / 16 },
  { name: 'vgg11-bn', size: 48, share: 1 / 16 },
  { name: 'googlenet', size: 80, share: 1 / 8 },
  { name: 'googlenet-torchvision', size: 80, share: 1 / 8 },
  { name: 'resnet18', size: 48, share: 1 / 16 },
  { name: 'resnet50', size: 48, share: 1 / 16 },
  { name: 'resnet50-torchvision', size: 48, share: 1 / 16 },
  { name: 'plain18', size: 48, share: 1 / 16 },
  { name: 'preresnet50', size: 48, share: 1 / 16 },
  { name: 'densenet121', size: 48, share: 1 / 8 },
  { name: 'resnet20-cifar', size: 32, share: 1 / 4 },
  { name: 'densenet40-k12', size: 16, share: 1 / 4 },
];

describe('A network has the gradients of tfjs', function () {
  // Seconds each, but more on a machine that is busy otherwise.
  this.timeout(300_000);

  onEachBackend((backend) => {
    // Batch normalisation over eight values magnifies rounding a thousandfold in f32. In bf16 that,
    // and pooling that takes another of two rounded candidates, leave nothing to compare but the
    // end of the network; each rule is held to 2 % by itself.
    const options =
      backend.precision === 'bf16'
        ? { tolerance: 0.2, logitsTolerance: 1e-2, gradients: /^(fc8?|output)\/bias$/ }
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
