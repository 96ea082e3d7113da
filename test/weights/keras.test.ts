/** Files of Keras; npm run test:libraries holds whole networks to keras.applications. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { File, type Group, ready } from 'h5wasm/node';
import { type Architecture, findArchitecture } from '../../src/archs/index.js';
import { openBackend } from '../../src/backend/index.js';
import { DataError } from '../../src/errors.js';
import { loadWeightsFile, openWeightsFile, writeKerasWeights } from '../../src/weights/index.js';
import { temporaryDirectory } from '../commands/program.js';
import { fillWeights, imagesFor, relativeError } from '../export/networks.js';
import { narrowArchitecture } from '../network/narrow.js';

interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}
type Layers = Map<string, readonly Tensor[]>;

const ORDER = ['kernel', 'bias', 'gamma', 'beta', 'moving_mean', 'moving_variance'];
const NAMED = [
  ['resnet50', 1 / 16],
  ['vgg16', 1 / 16],
  ['densenet121', 1 / 8],
] as const;

/** The weights of a network as keras.applications would have them, with biases that it adds. */
function kerasLayers({ layers }: LayersModel, { keras }: Architecture, biases: boolean): Layers {
  const result: Layers = new Map();
  const withWeights = layers.filter(({ weights }) => weights.length > 0);
  for (const layer of withWeights) {
    const name = keras?.layer(layer.name) ?? '';
    const kinds = ORDER.flatMap((kind) => {
      const weight = layer.weights.find(({ originalName }) => originalName.endsWith(`/${kind}`));
      return weight === undefined ? [] : [{ kind, weight }];
    });
    const tensors = kinds.map(({ kind, weight }): Tensor => {
      const read = weight.read();
      const turned = layer === withWeights[0] && keras?.colours === 'BGR' && kind === 'kernel';
      const value = turned ? tf.reverse(read, 2) : read;
      const values = Float32Array.from(value.dataSync());
      const biased = biases && kind === 'moving_mean' && name !== 'bn' && !name.endsWith('_0_bn');
      // That of the convolution before it is 0.5.
      return { shape: read.shape, values: biased ? values.map((mean) => mean + 0.5) : values };
    });
    const lacks = biases && kinds.length === 1 && !name.endsWith('_0_conv');
    const units = tensors[0]?.shape.at(-1) ?? 0;
    const bias = { shape: [units], values: new Float32Array(units).fill(0.5) };
    result.set(name, lacks ? [...tensors, bias] : tensors);
  }
  return result;
}

/** As `model.save('x.h5')` and older versions of Keras write them. */
function writeNamed(file: File, layers: Layers): void {
  const root = file.create_group('model_weights') as Group;
  root.create_attribute('layer_names', ['image', ...layers.keys()]);
  (root.create_group('image') as Group).create_attribute('weight_names', []);
  for (const [name, tensors] of layers) {
    const group = root.create_group(name) as Group;
    group.create_attribute(
      'weight_names',
      tensors.map((_, at) => `weight_${at}:0`),
    );
    tensors.forEach(({ shape, values }, at) => {
      group.create_dataset({ name: `weight_${at}:0`, data: values, shape: [...shape] });
    });
  }
}

/** As `model.save_weights('x.weights.h5')` of Keras 3 writes them. */
function writeNumbered(file: File, layers: Layers): void {
  const root = file.create_group('layers') as Group;
  [...layers].forEach(([name, tensors], place) => {
    const group = (root.create_group(`layer_${place}`) as Group).create_group('vars') as Group;
    group.create_attribute('name', name);
    tensors.forEach(({ shape, values }, at) => {
      group.create_dataset({ name: String(at), data: values, shape: [...shape] });
    });
  });
}

/** What the first ResNet-50 of Keras called a layer. */
function firstName(name: string): string {
  const letters = 'abcdef';
  return name
    .replace('conv1_conv', 'conv1')
    .replace('conv1_bn', 'bn_conv1')
    .replace('predictions', 'fc1000')
    .replace(/^conv(\d)_block(\d)_(\d)_(conv|bn)$/, (_, stage, block, place, kind) => {
      const branch = place === '0' ? '1' : `2${letters[place - 1]}`;
      return `${kind === 'conv' ? 'res' : 'bn'}${stage}${letters[block - 1]}_branch${branch}`;
    });
}

describe('files of Keras', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory.path, name);
  before(async () => {
    await openBackend('js', { precision: 'f32' });
    await ready;
  });

  const networkOf = (name: string, share: number, classes = 10) => {
    const architecture = narrowArchitecture(name, share);
    const options = { classes, size: 32, channels: 3, seed: 0 } as const;
    return { architecture, model: architecture.build(options) };
  };
  const written = (name: string, write: typeof writeNamed, layers: Layers) => {
    const file = new File(at(name), 'w');
    write(file, layers);
    file.close();
  };
  const load = async (name: string, { architecture, model }: ReturnType<typeof networkOf>) => {
    const file = await openWeightsFile(at(name));
    try {
      return await loadWeightsFile(model, architecture, file, { otherClasses: false });
    } finally {
      await file.close();
    }
  };

  for (const [name, share] of NAMED) {
    for (const write of [writeNamed, writeNumbered]) {
      it(`have the weights of ${name}: ${write.name}`, async () => {
        const { architecture, model } = networkOf(name, share);
        fillWeights(model);
        const images = imagesFor(model, 1);
        const expected = (model.predict(images) as tf.Tensor).dataSync();
        written('x.h5', write, kerasLayers(model, architecture, name === 'resnet50'));
        const other = networkOf(name, share);
        const loaded = await load('x.h5', other);
        const found = (other.model.predict(images) as tf.Tensor).dataSync();
        assert.ok(relativeError(found, expected) < 1e-4, `${relativeError(found, expected)}`);
        // Caffe's.
        const mean = name === 'densenet121' ? undefined : 123.68 / 255;
        assert.equal(loaded.colours?.mean[0], mean);
      });
    }
  }

  for (const [name, share] of NAMED) {
    it(`come back as they were written, of ${name}`, async () => {
      const { architecture, model } = networkOf(name, share);
      fillWeights(model);
      const images = imagesFor(model, 1);
      const expected = (model.predict(images) as tf.Tensor).dataSync();
      const known = { mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] };
      const classes = [...'abcdefghij'];
      await writeKerasWeights(at('own.weights.h5'), model, architecture, { ...known, classes });
      const other = networkOf(name, share);
      const loaded = await load('own.weights.h5', other);
      assert.deepEqual(loaded.colours, known);
      const found = (other.model.predict(images) as tf.Tensor).dataSync();
      assert.ok(relativeError(found, expected) < 1e-5, `${relativeError(found, expected)}`);
    });
  }

  it('are written in the order of Keras, by class and number', async () => {
    const { architecture, model } = networkOf('resnet50', 1 / 16);
    const colours = { mean: [0.5], std: [0.5] };
    await writeKerasWeights(at('resnet.weights.h5'), model, architecture, colours);
    const file = new File(at('resnet.weights.h5'), 'r');
    const named = (group: string) => {
      const vars = file.get(`layers/${group}/vars`) as Group;
      return [String(vars.attrs['name']?.value), vars.keys().length];
    };
    // As ResNet50().layers has them.
    const convolutions = [0, 1, 2, 3, 4, 5].map((at) =>
      named(at === 0 ? 'conv2d' : `conv2d_${at}`),
    );
    assert.deepEqual(convolutions, [
      ['conv1_conv', 2],
      ...['1', '2', '0', '3'].map((place) => [`conv2_block1_${place}_conv`, 2]),
      ['conv2_block2_1_conv', 2],
    ]);
    assert.deepEqual(named('batch_normalization_4'), ['conv2_block1_3_bn', 4]);
    assert.deepEqual(named('dense'), ['predictions', 2]);
    assert.equal((file.get('layers') as Group).keys().length, 53 + 53 + 1);
    file.close();
  });

  it('have the names and the epsilon of the first ResNet-50', async () => {
    const { architecture, model } = networkOf('resnet50', 1 / 16);
    fillWeights(model);
    const images = imagesFor(model, 1);
    const expected = (model.predict(images) as tf.Tensor).dataSync();
    const layers = [...kerasLayers(model, architecture, true)].map(([name, tensors]) => {
      const lower = tensors.map((tensor, at) =>
        at === 3
          ? { ...tensor, values: tensor.values.map((value) => value - 1e-3 + 1e-5) }
          : tensor,
      );
      return [firstName(name), lower] as const;
    });
    const names = layers.map(([name]) => name);
    for (const name of ['conv1', 'bn_conv1', 'res2a_branch2a', 'bn2a_branch1', 'res4f_branch2c']) {
      assert.ok(names.includes(name), name);
    }
    written('first.h5', writeNamed, new Map(layers));
    const other = networkOf('resnet50', 1 / 16);
    await load('first.h5', other);
    const found = (other.model.predict(images) as tf.Tensor).dataSync();
    assert.ok(relativeError(found, expected) < 1e-4, `${relativeError(found, expected)}`);
  });

  it('have the names of keras.applications', () => {
    const namesOf = (arch: string, ...layers: string[]) =>
      layers.map((layer) => findArchitecture(arch).keras?.layer(layer));
    assert.deepEqual(namesOf('resnet50', 'bn1', 'conv3_2.bn2', 'conv4_1.shortcut.conv', 'fc'), [
      ...['conv1_bn', 'conv3_block2_2_bn', 'conv4_block1_0_conv', 'predictions'],
    ]);
    assert.deepEqual(
      namesOf('densenet121', 'dense1_1.bn1', 'dense2_5.conv2', 'transition1.bn', 'bn5'),
      ['conv2_block1_0_bn', 'conv3_block5_2_conv', 'pool2_bn', 'bn'],
    );
    assert.deepEqual(namesOf('vgg19', 'conv5_4', 'fc7'), ['block5_conv4', 'fc2']);
    assert.equal(findArchitecture('resnet50-torchvision').keras, undefined);
  });

  describe('are refused', () => {
    const vgg = () => networkOf('vgg16', 1 / 16);
    before(() => {
      const { architecture, model } = vgg();
      written('vgg.h5', writeNamed, kerasLayers(model, architecture, false));
    });
    const refused = async (loading: Promise<unknown>, message: RegExp) => {
      await assert.rejects(loading, (error) => {
        assert.ok(error instanceof DataError, String((error as Error).stack));
        assert.match(error.message, message);
        return true;
      });
    };

    it('for a network that Keras does not have', () =>
      refused(
        load('vgg.h5', networkOf('vgg11', 1 / 16)),
        /are of Keras, which are read for vgg16, vgg19, .*densenet201, not for vgg11/,
      ));

    it('for another network', () =>
      refused(
        load('vgg.h5', networkOf('resnet50', 1 / 16)),
        /do not fit resnet50[\s\S]*tensors are missing[\s\S]*left over: block1_conv1\/0/,
      ));

    it('of other classes', () =>
      refused(
        load('vgg.h5', networkOf('vgg16', 1 / 16, 7)),
        /classifier\.6\.weight is \(10, 256\), expected \(7, 256\)/,
      ));

    it('where they are damaged', async () => {
      const whole = await readFile(at('vgg.h5'));
      await writeFile(at('cut.h5'), whole.subarray(0, whole.length / 2));
      await refused(load('cut.h5', vgg()), /Cannot read the weights .*cut\.h5: its HDF5 form/);
    });

    it('that name another file', async () => {
      written('linked.h5', (file) => void file.create_group('other'), new Map());
      const file = new File(at('linked.h5'), 'a');
      file.create_external_link(at('vgg.h5'), '/model_weights', 'model_weights');
      file.close();
      await refused(load('linked.h5', vgg()), /linked\.h5: it names another file, ".*vgg\.h5"$/);
    });

    it('without layers', async () => {
      written('empty.h5', (file) => void file.create_group('other'), new Map());
      await refused(load('empty.h5', vgg()), /an HDF5 file without layers of Keras/);
    });

    it('of other numbers than float32', async () => {
      const write = (file: File) => {
        const group = (
          (file.create_group('layers') as Group).create_group('a') as Group
        ).create_group('vars') as Group;
        group.create_attribute('name', 'block1_conv1');
        group.create_dataset({ name: '0', data: new Float64Array(4), shape: [4] });
      };
      written('double.h5', write, new Map());
      await refused(load('double.h5', vgg()), /its HDF5 form is damaged/);
    });
  });
});
