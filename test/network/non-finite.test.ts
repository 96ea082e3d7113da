/** A NaN in any weight, or in an image, reaches the logits of every image that it has to do with. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { Network } from '../../src/network/network.js';
import { lastWithWeights } from '../../src/weights/mapping.js';
import { numbers, onEachBackend, type TestBackend, timeLimit } from './backends.js';
import { NETWORKS, narrow } from './narrow.js';
import { setWeights } from './parity.js';

const BATCH = 2;
/** The most weights of a network that are tried. */
const WEIGHTS = { cpu: 20, onednn: 40, cuda: 40, tensorflow: 5 };

type LayerVariable = layers.Layer['weights'][number];

/** The layers on the way to a tensor. */
function layersBefore(tensor: SymbolicTensor, found = new Set<layers.Layer>()) {
  if (found.has(tensor.sourceLayer)) return found;
  found.add(tensor.sourceLayer);
  for (const input of tensor.inputs) layersBefore(input, found);
  return found;
}

/** The weights that the logits depend on, or some of them in equal distances. */
function weightsUnderTest(tested: LayersModel, { name }: TestBackend): LayerVariable[] {
  const weights = [...layersBefore(tested.outputs[0] as SymbolicTensor)].flatMap(
    ({ weights: own }) => own,
  );
  const step = Math.ceil(weights.length / WEIGHTS[name]);
  return weights.filter((_, index) => index % step === 0);
}

/** The number of NaNs among the logits of each image. */
function nansOf(network: Network, images: tf.Tensor4D): number[] {
  const logits = tf.tidy(() => network.predict(images).arraySync());
  return logits.map((row) => row.filter(Number.isNaN).length);
}

function withNan(values: tf.Tensor, place: number): tf.Tensor {
  const changed = Float32Array.from(values.dataSync());
  changed[place] = Number.NaN;
  return tf.tensor(changed, values.shape);
}

function imagesOf(tested: LayersModel): tf.Tensor4D {
  const [, height, width, channels] = (tested.inputs[0] as SymbolicTensor).shape as number[];
  const shape = [BATCH, height, width, channels] as [number, number, number, number];
  return tf.tensor4d(numbers(tf.util.sizeFromShape(shape), 5), shape);
}

describe('NaN', function () {
  this.timeout(timeLimit(300_000));

  onEachBackend((backend) => {
    for (const { name, size, share } of NETWORKS) {
      it(`reaches the logits of ${name}`, () => {
        const tested = narrow(name, size, share);
        setWeights(tested);
        const network = new Network(tested);
        const images = imagesOf(tested);
        const classes = (tested.outputs[0] as SymbolicTensor).shape[1] as number;
        assert.deepEqual(nansOf(network, images), [0, 0], 'without a NaN');
        assert.equal(network.findNotFinite(images), undefined);
        const last = lastWithWeights(tested.outputs[0] as SymbolicTensor);
        for (const [index, weight] of weightsUnderTest(tested, backend).entries()) {
          const variable = weight.read() as tf.Variable;
          const before = tf.keep(tf.clone(variable));
          tf.tidy(() => variable.assign(withNan(before, Math.floor(before.size / 2))));
          // The last layer's weights are those of one class each.
          const count = last.weights.includes(weight) ? 1 : classes;
          assert.deepEqual(nansOf(network, images), [count, count], weight.originalName);
          // It reads every output.
          if (index % 8 === 1) {
            const { layer, image } = network.findNotFinite(images) ?? {};
            assert.deepEqual([layer, image], [weight.originalName.split('/')[0], 0]);
          }
          variable.assign(before);
          before.dispose();
        }
        // In the middle of the second of two.
        const place = Math.floor((3 * images.size) / 4);
        const changed = withNan(images, place) as tf.Tensor4D;
        assert.deepEqual(nansOf(network, changed), [0, classes], 'with one in the second image');
        const { layer, image, count } = network.findNotFinite(changed) ?? {};
        assert.deepEqual([layer, image, count], ['the input', 1, 1]);
        network.dispose();
      });
    }

    it('is the maximum of a window that is too large for our kernel', () => {
      const image = input({ shape: [66, 1, 1] });
      const pooled = layers.maxPooling2d({ poolSize: [65, 1], strides: 1 }).apply(image);
      const logits = layers.flatten().apply(pooled) as SymbolicTensor;
      const tested = model({ inputs: image, outputs: logits });
      const network = new Network(tested);
      const images = withNan(imagesOf(tested), 3) as tf.Tensor4D;
      assert.deepEqual(nansOf(network, images), [2, 0]);
      network.dispose();
    });
  });
});
