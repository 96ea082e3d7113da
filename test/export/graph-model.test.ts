import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model as layersModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { openBackend } from '../../src/backend/index.js';
import type { Description } from '../../src/export/description.js';
import { inferenceGraph } from '../../src/export/graph/inference-graph.js';
import { graphModelFiles } from '../../src/export/tfjs/graph-model.js';
import { ownClasses } from '../../src/export/tfjs/layers-model.js';
import { NETWORKS, narrow } from '../network/narrow.js';
import { openGraphModel, predictions } from './graph-model.js';
import { fillWeights, imagesFor, lopsided, relativeError } from './networks.js';

const DESCRIPTION = { architecture: 'any' } as Description;
const PLAIN = { softmax: false, pixels: undefined };

type Files = [name: string, content: Uint8Array][];

describe('A GraphModel that stock TensorFlow.js opens', function () {
  this.timeout(120_000);
  before(() => openBackend('js', { precision: 'f32' }));

  const networks = NETWORKS.map(({ name, size, share }) => {
    return { title: `${name}, narrow, at ${size} pixels`, build: () => narrow(name, size, share) };
  });
  for (const { title, build } of [...networks, { title: 'what is lopsided', build: lopsided }]) {
    it(`has the logits of ${title}`, async () => {
      const net = build();
      fillWeights(net);
      const images = imagesFor(net, 1);
      const [logits] = [net.predict(images)].flat() as tf.Tensor[];
      const expected = logits?.dataSync() as Float32Array;
      const files = graphModelFiles(inferenceGraph(net, PLAIN), DESCRIPTION);
      const model = await openGraphModel(files);
      const error = relativeError(await predictions(model, images), expected);
      assert.ok(error < 1e-5, `${error}`);
      model.dispose();
      net.dispose();
    });
  }

  it('takes pixels and gives probabilities where it is told to', async () => {
    const net = narrow('lenet5', 28, 1);
    fillWeights(net);
    const pixels = tf.round(tf.mul(tf.abs(imagesFor(net, 3)), 255));
    const [mean, std] = [[0.13], [0.31]];
    const normalised = tf.div(tf.sub(tf.div(pixels, 255), mean), std);
    const expected = tf.softmax(net.predict(normalised) as tf.Tensor).dataSync();
    const graph = inferenceGraph(net, { softmax: true, pixels: { mean, std } });
    const model = await openGraphModel(graphModelFiles(graph, DESCRIPTION));
    assert.deepEqual(model.inputs[0]?.dtype, 'int32');
    const found = await predictions(model, tf.cast(pixels, 'int32'));
    assert.ok(relativeError(found, expected) < 1e-5);
  });

  it('has its description as metadata, and shards of 4 MB', async () => {
    const net = narrow('simple-cnn', 28, 1);
    const files = [...graphModelFiles(inferenceGraph(net, PLAIN), DESCRIPTION)];
    const sizes = files.slice(0, -1).map(([, { length }]) => length);
    const weights = net.countParams() * 4;
    assert.deepEqual(sizes, [2 ** 22, weights - 2 ** 22 + 8]);
    const model = await openGraphModel(files);
    assert.deepEqual(
      (model as unknown as { artifacts: { userDefinedMetadata: unknown } }).artifacts
        .userDefinedMetadata,
      DESCRIPTION,
    );
  });

  it('has kernels as float16 where it is told to, and nothing else', async () => {
    const net = narrow('lenet5', 28, 1);
    fillWeights(net);
    const images = imagesFor(net, 3);
    const expected = (net.predict(images) as tf.Tensor).dataSync() as Float32Array;
    const graph = inferenceGraph(net, PLAIN);
    const [whole, half] = [false, true].map((float16) => {
      return [...graphModelFiles(graph, DESCRIPTION, { float16 })];
    }) as [Files, Files];
    const biases = net.weights.filter(({ shape }) => shape.length === 1);
    const others = biases.reduce((count, { shape }) => count + (shape[0] as number), 0);
    const bytes = (files: Files) =>
      files.slice(0, -1).reduce((sum, [, { length }]) => sum + length, 0);
    const kernels = 4 * (net.countParams() - others);
    assert.equal(bytes(whole) - bytes(half), kernels / 2);
    const model = await openGraphModel(half);
    const found = await predictions(model, images);
    // Each product has a rounding of 2^-11.
    const error = relativeError(found, expected);
    assert.ok(error > 1e-6 && error < 2e-3, `${error}`);
  });

  it('is refused as float16 where a kernel has larger numbers', () => {
    const net = narrow('lenet5', 28, 1);
    fillWeights(net);
    const [kernel] = net.weights;
    kernel?.write(tf.fill(kernel.shape as number[], -65_520));
    const files = graphModelFiles(inferenceGraph(net, PLAIN), DESCRIPTION, { float16: true });
    const message = /^UsageError: --float16 holds numbers below 65,520, but "conv1.*" has -65520/;
    assert.throws(() => [...files], message);
  });

  it('needs no class that tf.layers lacks, where layers do', () => {
    const classesOf = (name: string) => {
      const [network] = NETWORKS.filter((one) => one.name === name);
      return ownClasses(narrow(name, network?.size ?? 0, network?.share ?? 1));
    };
    assert.deepEqual(classesOf('alexnet'), ['GroupConv2D', 'LocalResponseNormalization']);
    assert.deepEqual(classesOf('lenet5-1998'), ['PartialConv2D', 'ScaledTanh', 'Subsampling2D']);
    assert.deepEqual(classesOf('resnet20-cifar'), []);
  });

  it('is refused for a layer without a form, by its name', () => {
    const image = input({ shape: [8, 8, 3] });
    const odd = layers.permute({ dims: [2, 1, 3], name: 'turned' }).apply(image) as SymbolicTensor;
    const net = layersModel({ inputs: image, outputs: odd });
    assert.throws(() => inferenceGraph(net, PLAIN), /^UsageError: Layer "turned" \(Permute\)/);
  });
});
