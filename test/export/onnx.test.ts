/** ONNX files; npm run test:exports holds them to ONNX's checker and runtimes. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../../src/backend/index.js';
import type { Description } from '../../src/export/description.js';
import { inferenceGraph } from '../../src/export/graph/inference-graph.js';
import { onnxParts } from '../../src/export/onnx/model.js';
import { NETWORKS, narrow } from '../network/narrow.js';
import { fillWeights, imagesFor, lopsided, relativeError } from './networks.js';
import { channelsFirst, readOnnx, runOnnx } from './onnx-interpreter.js';

const DESCRIPTION = { architecture: 'any', mean: [0.5], classes: ['a', 'b'] };
const PLAIN = { softmax: false, pixels: undefined };

const parts = (...[net, options]: Parameters<typeof inferenceGraph>) =>
  onnxParts(inferenceGraph(net, options), DESCRIPTION as unknown as Description);

describe('An ONNX file', function () {
  this.timeout(120_000);
  before(() => openBackend('js', { precision: 'f32' }));

  const networks = NETWORKS.map(({ name, size, share }) => {
    return { title: `${name}, narrow, at ${size} pixels`, build: () => narrow(name, size, share) };
  });
  for (const { title, build } of [...networks, { title: 'what is lopsided', build: lopsided }]) {
    it(`has the logits of ${title}`, () => {
      const net = build();
      fillWeights(net);
      const images = imagesFor(net, 2);
      const [logits] = [net.predict(images)].flat() as [tf.Tensor];
      const model = readOnnx(parts(net, PLAIN));
      const error = relativeError(runOnnx(model, channelsFirst(images)), logits.dataSync());
      assert.ok(error < 1e-5, `${error}`);
      net.dispose();
    });
  }

  it('takes pixels, channels last, and gives probabilities where it is told to', () => {
    const net = narrow('resnet20-cifar', 32, 1 / 4);
    fillWeights(net);
    const pixels = tf.round(tf.mul(tf.abs(imagesFor(net, 2)), 255));
    const [mean, std] = [
      [0.4, 0.5, 0.6],
      [0.2, 0.3, 0.25],
    ];
    const normalised = tf.div(tf.sub(tf.div(pixels, 255), mean), std);
    const expected = tf.softmax(net.predict(normalised) as tf.Tensor).dataSync();
    const model = readOnnx(parts(net, { softmax: true, pixels: { mean, std } }));
    assert.deepEqual(shapeOf(model.graph?.input[0]), ['N', 32n, 32n, 3n]);
    assert.ok(relativeError(runOnnx(model, pixels), expected) < 1e-4);
  });

  it('says its versions, its batch of any size and its description', () => {
    const model = readOnnx(parts(narrow('lenet5', 28, 1), PLAIN));
    assert.deepEqual([model.irVersion, model.opsetImport[0]?.version], [8n, 17n]);
    const metadata = model.metadataProps.map(({ key, value }) => [key, value]);
    assert.deepEqual(metadata, [
      ['architecture', 'any'],
      ['mean', '[0.5]'],
      ['classes', '["a","b"]'],
    ]);
    assert.equal(model.graph?.input[0]?.name, 'image');
    assert.deepEqual(shapeOf(model.graph?.input[0]), ['N', 1n, 28n, 28n]);
    assert.equal(model.graph?.output[0]?.name, 'logits');
    assert.deepEqual(shapeOf(model.graph?.output[0]), ['N', 10n]);
  });
});

type ValueInfo = NonNullable<ReturnType<typeof readOnnx>['graph']>['input'][number];

function shapeOf(info: ValueInfo | undefined) {
  return info?.type?.value.value?.shape?.dim.map(({ value }) => value.value);
}
