/** Networks that do not fit into memory are refused before they take any. */
import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture, withAtMostWeights } from '../../src/archs/index.js';
import { runTrain } from '../../src/commands/train.js';
import { DataError, UsageError } from '../../src/errors.js';
import { openTrainedModel } from '../../src/evaluate/trained-model.js';
import { saveCheckpoint } from '../../src/runs/checkpoint/save.js';
import type { CheckpointState } from '../../src/runs/state.js';
import { networkCard } from '../../src/session/network-card.js';
import { checkFits } from '../../src/session/out-of-memory.js';
import { SILENT } from '../../src/session/reporter.js';
import { openSession } from '../../src/session/session.js';
import { startProgress } from '../../src/train/progress.js';
import { writeOddDataset } from '../commands/data/odd-dataset.js';
import { temporaryDirectory } from '../commands/program.js';

const MEBI = 2 ** 20;
const lenet5 = findArchitecture('lenet5');
const cardOf = (inputSize: number) =>
  networkCard(lenet5, { classes: ['a', 'b'], inputSize, channels: 1 });

describe('memory that is not there', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  before(() => tf.setBackend('cpu'));

  it('is not taken for more weights than are allowed', () => {
    const options = { classes: 10, size: 28, channels: 1, seed: 0 } as const;
    const { numTensors } = tf.memory();
    const model = withAtMostWeights(61_706, () => lenet5.build(options));
    assert.equal(model.countParams(), 61_706);
    model.dispose();
    assert.throws(() => withAtMostWeights(61_705, () => lenet5.build(options)), UsageError);
    assert.ok(tf.memory().numTensors - numTensors < 12);
    tf.disposeVariables();
  });

  it('is not taken for a checkpoint whose card asks for more weights than it has', async () => {
    const session = openSession(lenet5, cardOf(28), 0);
    const state = { format: 1, seed: 0, network: session.card, progress: startProgress() } as const;
    await saveCheckpoint(at('last'), session.model, [], state);
    session.model.dispose();
    const file = at('last', 'state.json');
    const edited: CheckpointState = JSON.parse(await readFile(file, 'utf8'));
    Object.assign(edited, { network: cardOf(8192) });
    await writeFile(file, JSON.stringify(edited));
    const { open, stored } = await openTrainedModel(at('last'), null);
    assert.equal(stored.values['input-size'], 8192);
    const view = { resizeSize: null, cropSize: null, channels: 1, mean: [0], std: [1] } as const;
    await assert.rejects(open(view, SILENT), (error: Error) => {
      assert.ok(error instanceof DataError, String(error));
      assert.match(error.message, /lenet5 of 2 classes at 8192×8192 has more weights than the \d+/);
      return true;
    });
  });

  it('is not taken for a training of images that are too large', async () => {
    await writeOddDataset(at('data'), 0);
    const given = { arch: 'alexnet', data: at('data'), backend: 'js', output: at('runs') };
    const training = runTrain({ ...given, 'input-size': '16000', 'batch-size': '2' }, SILENT);
    await assert.rejects(training, (error: Error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, /smaller --input-size|images needs|to be at most/);
      return true;
    });
    await tf.setBackend('cpu');
  });

  it('is said to be too little for a step, with a batch that fits', async () => {
    // 10 MiB, and 1 MiB for each image.
    const bytesOf = async (batchSize: number) => (10 + batchSize) * MEBI;
    const device = { memoryBytes: 100 * MEBI };
    await checkFits(device, 90, bytesOf);
    await assert.rejects(checkFits(device, 91, bytesOf), (error: Error) => {
      assert.ok(error instanceof UsageError);
      // 0.85 of the memory without the 10 MiB, a multiple of 8.
      assert.equal(
        error.message,
        'A step of 91 images needs 101 MiB by estimate, more than the 100 MiB of the GPU: --batch-size 72 fits by estimate',
      );
      return true;
    });
    const huge = checkFits({ memoryBytes: 5 * MEBI }, 2, bytesOf);
    await assert.rejects(huge, /not even one image fits: choose a smaller network or --input-size/);
  });
});
