import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture } from '../../src/archs/index.js';
import { openBackend } from '../../src/backend/index.js';
import { openDataset } from '../../src/data/open-dataset.js';
import { explainNotFinite } from '../../src/evaluate/not-finite.js';
import { evaluateSplit } from '../../src/evaluate/split.js';
import { openEvaluationBatches } from '../../src/session/loaders.js';
import { networkCard } from '../../src/session/network-card.js';
import { SILENT } from '../../src/session/reporter.js';
import { openSession } from '../../src/session/session.js';
import { writeImages } from '../commands/images.js';
import { temporaryDirectory } from '../commands/program.js';

describe('the evaluation of a split', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();

  /** Evaluates LeNet-5 with a bias of the last layer on six images, two in a batch. */
  async function evaluate(bias: number) {
    const root = join(directory.path, 'data');
    await writeImages(root, { train: 1 });
    const { val } = await openDataset(root, { valFraction: null, classes: null, seed: 0 });
    const backend = await openBackend('js', { precision: 'f32' });
    const lenet5 = findArchitecture('lenet5');
    const classes = ['class0', 'class1', 'class2'];
    const card = networkCard(lenet5, { classes, inputSize: 12, channels: 1 });
    const session = openSession(lenet5, card, 1);
    const last = session.model.weights.at(-1)?.read() as tf.Variable;
    tf.tidy(() => last.assign(tf.tensor1d([0, bias, 0])));
    const { transform, channels } = card;
    const loader = await openEvaluationBatches(val, {
      ...{ backend, batchSize: 2, channels, transform, seed: 0, workers: 1, cache: 'none' },
    });
    try {
      const options = { backend, alternate: false, reporter: SILENT };
      const scores = await evaluateSplit(session, loader, options);
      const error = await explainNotFinite(session, loader, (index) => `image ${index}`);
      return { scores, error };
    } finally {
      await loader.close();
      tf.disposeVariables();
    }
  }

  it('is of all images', async () => {
    const { scores, error } = await evaluate(0.5);
    assert.equal(scores?.images, 6);
    assert.ok(Number.isFinite(scores.loss));
    assert.match(
      error.message,
      /^The loss is too large for a number, although all outputs are finite/,
    );
  });

  for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY]) {
    it(`ends after the first batch of a network that gives ${bad}, and names the layer`, async () => {
      const { scores, error } = await evaluate(bad);
      assert.equal(scores?.images, 2);
      assert.ok(Number.isNaN(scores.loss));
      assert.match(
        error.message,
        new RegExp(
          `: fc5 is the first layer .*\\(2 of 6 values .* first is ${bad}, for image 0\\)`,
        ),
      );
    });
  }
});
