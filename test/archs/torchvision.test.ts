import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {
  type Architecture,
  architectures,
  findArchitecture,
  withoutDrawing,
} from '../../src/archs/index.js';

/** PyTorch's names for the weights of a layer. */
const NAMES: Readonly<Record<string, string>> = {
  kernel: 'weight',
  gamma: 'weight',
  bias: 'bias',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/** Tensors in torchvision's state_dict, without the counters of batch normalisation. */
// biome-ignore format: one network a row
const TENSORS: Readonly<Record<string, number>> = {
  'alexnet-torchvision': 16,
  vgg11: 22, vgg13: 26, vgg16: 32, vgg19: 38,
  'vgg11-bn': 54, 'vgg13-bn': 66, 'vgg16-bn': 84, 'vgg19-bn': 102,
  'googlenet-torchvision': 305,
  resnet18: 102, resnet34: 182,
  'resnet50-torchvision': 267, 'resnet101-torchvision': 522, 'resnet152-torchvision': 777,
  densenet121: 606, densenet161: 806, densenet169: 846, densenet201: 1006,
};

/** Modules of torchvision's networks, as print(model) shows them. */
// biome-ignore format: one layer a row
const MODULES: readonly [network: string, layer: string, module: string][] = [
  ['alexnet-torchvision',   'conv3',                 'features.6'],
  ['alexnet-torchvision',   'fc7',                   'classifier.4'],
  ['vgg16',                 'conv1_2',               'features.2'],
  ['vgg16',                 'conv5_3',               'features.28'],
  ['vgg16',                 'fc8',                   'classifier.6'],
  ['vgg11-bn',              'conv4_1',               'features.15'],
  ['vgg11-bn',              'bn4_1',                 'features.16'],
  ['googlenet-torchvision', 'conv2.3x3_reduce',      'conv2.conv'],
  ['googlenet-torchvision', 'conv2.3x3.bn',          'conv3.bn'],
  ['googlenet-torchvision', 'inception4e.1x1',       'inception4e.branch1.conv'],
  ['googlenet-torchvision', 'inception4e.5x5_reduce', 'inception4e.branch3.0.conv'],
  ['googlenet-torchvision', 'inception4e.pool_proj.bn', 'inception4e.branch4.1.bn'],
  ['googlenet-torchvision', 'aux2.conv.bn',          'aux2.conv.bn'],
  ['googlenet-torchvision', 'aux1.fc2',              'aux1.fc2'],
  ['resnet18',              'conv3_2.bn1',           'layer2.1.bn1'],
  ['resnet50-torchvision',  'conv2_1.conv1',         'layer1.0.conv1'],
  ['resnet50-torchvision',  'conv5_1.shortcut.conv', 'layer4.0.downsample.0'],
  ['resnet50-torchvision',  'conv5_1.shortcut.bn',   'layer4.0.downsample.1'],
  ['densenet121',           'conv1',                 'features.conv0'],
  ['densenet121',           'dense3_24.bn2',         'features.denseblock3.denselayer24.norm2'],
  ['densenet121',           'transition2.conv',      'features.transition2.conv'],
  ['densenet121',           'bn5',                   'features.norm5'],
  ['densenet121',           'fc',                    'classifier'],
];

describe("torchvision's names", () => {
  before(() => tf.setBackend('cpu'));

  it('are known for the networks that torchvision has', () => {
    const found = architectures.filter(({ torchvision }) => torchvision);
    assert.deepEqual(
      found.map(({ name }) => name),
      Object.keys(TENSORS),
    );
  });

  for (const [network, layer, module] of MODULES) {
    it(`call ${layer} of ${network} ${module}`, () => {
      assert.equal(findArchitecture(network).torchvision?.(layer), module);
    });
  }

  for (const name of Object.keys(TENSORS)) {
    it(`differ for all weights of ${name}, and layers without weights have none`, () => {
      const architecture = findArchitecture(name);
      const { keys, weightless } = namesOf(architecture);
      assert.equal(new Set(keys).size, TENSORS[name]);
      assert.equal(keys.length, TENSORS[name]);
      assert.deepEqual(weightless, []);
    });
  }
});

/**
 * The names of our weights in torchvision's state_dict, and layers that have a name but no weights.
 */
function namesOf(architecture: Architecture) {
  const { classes, size, channels, auxiliary, build, torchvision = () => undefined } = architecture;
  const options = { classes, size, channels, seed: 1, auxiliary: auxiliary !== undefined };
  const network = withoutDrawing(() => build(options));
  const keys = network.weights.map(({ originalName }) => {
    const slash = originalName.lastIndexOf('/');
    return `${torchvision(originalName.slice(0, slash))}.${NAMES[originalName.slice(slash + 1)]}`;
  });
  const weightless = network.layers
    .filter(({ name, weights }) => weights.length === 0 && torchvision(name) !== undefined)
    .map(({ name }) => name);
  network.dispose();
  return { keys, weightless };
}
