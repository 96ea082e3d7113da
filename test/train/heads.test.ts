/** Networks with auxiliary heads from `--aux-weight` to a checkpoint and back. */
import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture } from '../../src/archs/index.js';
import { UsageError } from '../../src/errors.js';
import { openTrainedModel } from '../../src/evaluate/trained-model.js';
import { saveCheckpoint } from '../../src/runs/checkpoint/save.js';
import { networkCard } from '../../src/session/network-card.js';
import { SILENT } from '../../src/session/reporter.js';
import { openSession } from '../../src/session/session.js';
import { startProgress } from '../../src/train/progress.js';
import { temporaryDirectory } from '../commands/program.js';
import { numbers } from '../network/backends.js';

describe('auxiliary heads', () => {
  const directory = temporaryDirectory();
  const architecture = findArchitecture('googlenet');
  const options = { classes: ['a', 'b'], inputSize: 32, channels: 3 as const };

  before(() => tf.setBackend('cpu'));

  it('are built where their losses count', () => {
    for (const [auxWeight, outputs] of [
      [0.3, 3],
      [0, 1],
    ] as const) {
      const card = networkCard(architecture, { ...options, auxWeight });
      const { model } = openSession(architecture, card, 1);
      assert.equal(card.auxiliary, auxWeight > 0);
      assert.equal(model.outputs.length, outputs);
      model.dispose();
    }
  });

  it('are refused for a network that has none', () => {
    const lenet5 = findArchitecture('lenet5');
    assert.throws(
      () => networkCard(lenet5, { ...options, auxWeight: 0.3 }),
      (error) => error instanceof UsageError && /--aux-weight .* lenet5/.test(error.message),
    );
  });

  it('are in checkpoints, and evaluations use the logits alone', async () => {
    const card = networkCard(architecture, { ...options, auxWeight: 0.3 });
    const session = openSession(architecture, card, 1);
    const state = { format: 1 as const, seed: 1, network: card, progress: startProgress() };
    const path = join(directory.path, 'checkpoint');
    await saveCheckpoint(path, session.model, [], state);
    const trained = await openTrainedModel(path, 'googlenet');
    const { mean, std } = card;
    const view = { resizeSize: null, cropSize: null, channels: card.channels, mean, std };
    const opened = await trained.open(view, SILENT);
    const images = tf.tensor4d(numbers(32 * 32 * 3), [1, 32, 32, 3]);
    const logits = [session, opened.session].map(({ network }) => network.predict(images));
    assert.deepEqual(logits[0]?.shape, [1, 2]);
    assert.deepEqual(logits[0]?.dataSync(), logits[1]?.dataSync());
    tf.dispose([images, ...logits]);
    session.model.dispose();
    opened.session.model.dispose();
  });
});
