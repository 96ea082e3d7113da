import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model } from '@tensorflow/tfjs-layers';
import {
  type Architecture,
  architectures,
  findArchitecture,
  withoutDrawing,
} from '../../src/archs/index.js';
import { openBackend } from '../../src/backend/index.js';
import { DataError } from '../../src/errors.js';
import {
  countClasses,
  loadWeightsFile,
  namedTensors,
  openWeightsFile,
  safetensorsParts,
} from '../../src/weights/index.js';
import { placesOf } from '../../src/weights/mapping.js';
import { temporaryDirectory } from '../commands/program.js';

const SMALL = { classes: 3, size: 32, channels: 3 } as const;

describe('weights of a file', () => {
  const directory = temporaryDirectory();
  const path = () => join(directory.path, 'weights.safetensors');
  before(() => openBackend('js', { precision: 'f32' }));

  async function save(model: LayersModel, architecture: Architecture): Promise<void> {
    await writeFile(path(), safetensorsParts(namedTensors(model, architecture), ['a', 'b', 'c']));
  }

  async function load(model: LayersModel, architecture: Architecture, otherClasses = false) {
    const file = await openWeightsFile(path());
    try {
      return await loadWeightsFile(model, architecture, file, { otherClasses });
    } finally {
      await file.close();
    }
  }

  function assertSameWeights(one: LayersModel, other: LayersModel, except: readonly string[] = []) {
    one.weights.forEach((weight, index) => {
      const name = weight.originalName;
      const same = Buffer.from(weight.read().dataSync().buffer).equals(
        Buffer.from((other.weights[index] as typeof weight).read().dataSync().buffer),
      );
      assert.equal(same, !except.includes(name), name);
    });
  }

  // One of each family and each naming: torchvision's in `-torchvision`, VGG and DenseNet.
  for (const name of [
    'lenet5',
    'alexnet',
    'vgg11-bn',
    'googlenet',
    'resnet18',
    'resnet18-torchvision',
    'densenet121',
    'resnet20-cifar',
  ]) {
    it(`are those that were written, for ${name}`, async () => {
      const architecture = findArchitecture(name);
      const size = name === 'alexnet' ? 67 : SMALL.size;
      const auxiliary = architecture.auxiliary !== undefined;
      const build = (seed: number) => {
        const net = architecture.build({ ...SMALL, size, seed, auxiliary });
        const values = net.getWeights().map((weight, index) =>
          // Statistics and biases begin the same in every network.
          weight.rank === 1 ? tf.add(weight, 0.01 * (index + seed)) : weight,
        );
        net.setWeights(values);
        return net;
      };
      const [written, read] = [build(1), build(2)];
      await save(written, architecture);
      assert.deepEqual((await load(read, architecture)).kept, []);
      assertSameWeights(written, read);
      written.dispose();
      read.dispose();
    });
  }

  for (const prefix of ['module.', 'model.', '_orig_mod.', 'backbone.', 'module.model.net.']) {
    it(`are read without what stands before every name: ${prefix}`, async () => {
      for (const name of ['lenet5', 'resnet18-torchvision']) {
        const architecture = findArchitecture(name);
        const [written, read] = [1, 2].map((seed) => architecture.build({ ...SMALL, seed })) as [
          LayersModel,
          LayersModel,
        ];
        const tensors = namedTensors(written, architecture).map((tensor) => {
          return { ...tensor, name: `${prefix}${tensor.name}` };
        });
        await writeFile(path(), safetensorsParts(tensors, ['a', 'b', 'c']));
        const file = await openWeightsFile(path());
        assert.equal(countClasses(read, architecture, file), 3);
        await file.close();
        const loaded = await load(read, architecture);
        assert.deepEqual([loaded.prefix, loaded.kept, loaded.fileClasses], [prefix, [], 3]);
        for (const [index, weight] of written.weights.entries()) {
          const other = (read.weights[index] as typeof weight).read().dataSync();
          assert.deepEqual(other, weight.read().dataSync(), weight.originalName);
        }
        written.dispose();
        read.dispose();
      }
    });
  }

  it('keep what stands before some names only, which then do not fit', async () => {
    const architecture = findArchitecture('lenet5');
    const net = architecture.build({ ...SMALL, seed: 1 });
    const tensors = namedTensors(net, architecture).map((tensor, index) => {
      return { ...tensor, name: index === 0 ? tensor.name : `model.${tensor.name}` };
    });
    await writeFile(path(), safetensorsParts(tensors, ['a', 'b', 'c']));
    await assert.rejects(load(net, architecture), /left over: model\./);
    net.dispose();
  });

  it('have names of their own in every network', () => {
    for (const architecture of architectures) {
      // A small image leaves VGG's names, and takes less memory.
      const { channels } = architecture;
      const size = Math.min(architecture.size, 96);
      const net = withoutDrawing(() => architecture.build({ classes: 2, size, channels, seed: 0 }));
      const names = placesOf(net, architecture).map(({ name }) => name);
      assert.equal(new Set(names).size, net.weights.length, architecture.name);
      net.dispose();
    }
  });

  it("are put in tf.layers' order: positions first in kernels, channels last after flattening", async () => {
    const images = input({ shape: [1, 2, 3] });
    const conv = layers.conv2d({ name: 'conv', filters: 2, kernelSize: [1, 2], padding: 'same' });
    const flat = layers.flatten().apply(conv.apply(images));
    const dropped = layers.dropout({ rate: 0.5 }).apply(flat);
    const hidden = layers.dense({ name: 'hidden', units: 3 }).apply(dropped);
    const logits = layers.dense({ name: 'logits', units: 2 }).apply(hidden);
    const net = model({ inputs: images, outputs: logits as never });
    const torchvision = (layer: string) => `net.${layer}`;
    const architecture = { ...findArchitecture('lenet5'), torchvision };
    const tensors = [
      { name: 'net.conv.weight', shape: [2, 3, 1, 2] },
      { name: 'net.conv.bias', shape: [2] },
      { name: 'net.hidden.weight', shape: [3, 4] },
      { name: 'net.hidden.bias', shape: [3] },
      { name: 'net.logits.weight', shape: [2, 3] },
      { name: 'net.logits.bias', shape: [2] },
    ].map((tensor) => ({
      ...tensor,
      read: async () =>
        Float32Array.from({ length: tf.util.sizeFromShape(tensor.shape) }, (_, index) => index),
    }));
    await writeFile(path(), safetensorsParts(tensors, ['a', 'b']));
    await load(net, architecture);
    const values = (layer: string) => [...(net.getLayer(layer).getWeights()[0]?.dataSync() ?? [])];
    // (outputs, inputs, width) to (width, inputs, outputs).
    assert.deepEqual(values('conv'), [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
    // Inputs are (channel, position) in the file and (position, channel) here.
    assert.deepEqual(values('hidden'), [0, 4, 8, 2, 6, 10, 1, 5, 9, 3, 7, 11]);
    assert.deepEqual(values('logits'), [0, 3, 1, 4, 2, 5]);
    const written = namedTensors(net, architecture);
    for (const [index, { name, shape, read }] of written.entries()) {
      assert.deepEqual([name, shape], [tensors[index]?.name, tensors[index]?.shape]);
      assert.deepEqual([...(await read())], [...((await tensors[index]?.read()) ?? [])], name);
    }
    net.dispose();
  });

  describe('that does not fit', () => {
    const lenet5 = findArchitecture('lenet5');
    const build = (classes: number, architecture = lenet5) =>
      architecture.build({ ...SMALL, classes, seed: 5 });

    it('is refused with the lists of what is missing, left over and of another shape', async () => {
      const net = build(3);
      const before = build(3);
      const tensors = namedTensors(build(3), lenet5).flatMap((tensor) => {
        if (tensor.name === 'conv1/bias') return [];
        if (tensor.name === 'fc4/kernel') return [{ ...tensor, shape: [84, 120] }];
        return tensor.name === 'fc3/bias' ? [tensor, { ...tensor, name: 'extra' }] : [tensor];
      });
      await writeFile(path(), safetensorsParts(tensors, ['a', 'b', 'c']));
      await assert.rejects(load(net, lenet5, true), (error) => {
        assert.ok(error instanceof DataError);
        assert.equal(
          error.message,
          `The weights ${path()} do not fit lenet5:\n` +
            '1 tensor is missing: conv1/bias\n' +
            '1 tensor is left over: extra\n' +
            '1 tensor is of another shape: fc4/kernel is (84, 120), expected (120, 84)',
        );
        return true;
      });
      assertSameWeights(net, before);
      net.dispose();
    });

    it('is refused with the first 20 names and their number', async () => {
      const resnet = findArchitecture('resnet20-cifar');
      const net = build(3, resnet);
      await save(build(3), lenet5);
      await assert.rejects(
        load(net, resnet),
        /\n\d+ tensors are missing: ([^,]+, ){20}and \d+ more\n9 tensors are left over: conv1/,
      );
      net.dispose();
    });

    it('keeps everything but the last layer where only its classes are others', async () => {
      const [net, before, written] = [build(7), build(7), build(3)];
      written.setWeights(written.getWeights().map((weight) => tf.add(weight, 1)));
      await save(written, lenet5);
      const head = ['fc5/kernel', 'fc5/bias'];
      const loaded = await load(net, lenet5, true);
      assert.deepEqual(loaded, { kept: head, fileClasses: 3, ignored: [], prefix: '' });
      assertSameWeights(
        net,
        before,
        before.weights
          .map(({ originalName }) => originalName)
          .filter((name) => !head.includes(name)),
      );
      assertSameWeights(net, written, head);
      const refused = load(before, lenet5, false);
      await assert.rejects(
        refused,
        /2 tensors are of another shape: fc5\/kernel is \(84, 3\), expected \(84, 7\)/,
      );
      for (const each of [net, before, written]) each.dispose();
    });

    it('is taken without auxiliary heads only for a network without them', async () => {
      const googlenet = findArchitecture('googlenet-torchvision');
      const network = (classes: number, auxiliary: boolean) =>
        googlenet.build({ ...SMALL, classes, auxiliary, seed: 1 });
      const [plain, headed, other] = [network(3, false), network(3, true), network(4, true)];
      await save(headed, googlenet);
      const { ignored } = await load(plain, googlenet);
      assert.equal(ignored.length, headed.weights.length - plain.weights.length);
      const { kept } = await load(other, googlenet, true);
      assert.deepEqual(
        kept.toSorted(),
        ['aux1.fc2', 'aux2.fc2', 'fc'].flatMap((head) => [`${head}.bias`, `${head}.weight`]),
      );
      await save(plain, googlenet);
      await assert.rejects(
        load(headed, googlenet),
        /tensors are missing: aux1\..*\n--aux-weight 0 trains without the auxiliary heads$/,
      );
      for (const each of [plain, headed, other]) each.dispose();
    });
  });
});
