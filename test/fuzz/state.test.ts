import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { findArchitecture } from '../../src/archs/index.js';
import { resumeRequest } from '../../src/commands/train.js';
import { openTrainedModel } from '../../src/evaluate/trained-model.js';
import { type Checkpoint, openCheckpoint } from '../../src/runs/checkpoint/open.js';
import { saveCheckpoint } from '../../src/runs/checkpoint/save.js';
import type { NamedTensor } from '../../src/runs/checkpoint/tensor-values.js';
import { loadTensors, loadWeights } from '../../src/runs/checkpoint/tensors.js';
import { readSummary } from '../../src/runs/csv.js';
import { evaluationSource } from '../../src/runs/run-selection.js';
import { isBest } from '../../src/runs/state.js';
import { Counters } from '../../src/session/metrics.js';
import { resolveSettings } from '../../src/settings/resolve.js';
import { resolveTraining } from '../../src/settings/resolve-training.js';
import { restoreParts } from '../../src/train/saving/stateful.js';
import { SentinelCounters } from '../../src/train/sentinel/counters.js';
import { Rollbacks } from '../../src/train/sentinel/rollbacks.js';
import { takeBackSummary } from '../../src/train/start/start-run.js';
import { Updating } from '../../src/train/updating.js';
import { putFile, RECORD, STATE, smallModel } from '../runs/small-checkpoint.js';
import { fuzz } from './fuzz.js';
import { damagedFile, damagedJson } from './mutations.js';

describe('runs of strangers', function () {
  this.timeout(0);
  const directory = mkdtempSync(join(tmpdir(), 'cnn-fuzz-'));
  const at = (...names: string[]) => join(directory, ...names);
  let model: LayersModel;
  let momenta: NamedTensor<tf.Variable>[];
  /** The files of the checkpoint that the damaged ones are made from. */
  let whole: Readonly<Record<string, Buffer>> = {};
  let record: unknown;

  before(async () => {
    await tf.setBackend('cpu');
    model = smallModel();
    momenta = [{ name: 'momentum/fc/bias', tensor: tf.variable(tf.tensor1d([1, -2])) }];
    const progress = {
      ...STATE.progress,
      best: { loss: 1, top1: 2, top5: 3, images: 4, epoch: 1 },
      rows: [{ epoch: 1, lr: 0.1, train_loss: null }],
    };
    const parts = {
      rollbacks: { count: 1, factor: 0.5 },
      updates: { plateau: { best: 1, waited: 1, falls: 2 }, labels: 3 },
      sentinel: new SentinelCounters().state(),
    };
    await saveCheckpoint(at('checkpoints/last'), model, momenta, { ...STATE, progress, parts });
    const names = readdirSync(at('checkpoints/last'));
    whole = Object.fromEntries(
      names.map((name) => [name, readFileSync(at('checkpoints/last', name))]),
    );
    const { provenance } = resolveSettings('train', [], findArchitecture('lenet5'));
    const event = { time: '2026-01-01T00:00:00.000Z', epoch: 1, step: 1, kind: 'k', text: 't' };
    record = { ...RECORD, settings: { ...provenance, ...RECORD.settings }, events: [event] };
  });
  after(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  /** Makes the checkpoint whole again. */
  function restore(): void {
    for (const [name, bytes] of Object.entries(whole)) {
      writeFileSync(at('checkpoints/last', name), bytes);
    }
  }

  async function readCheckpoint(): Promise<void> {
    const tensors = tf.memory().numTensors;
    try {
      await openTrainedModel(at('checkpoints/last'), null);
      const checkpoint = await openCheckpoint(at('checkpoints/last'));
      await loadWeights(model, checkpoint);
      await loadTensors(momenta, checkpoint);
    } finally {
      assert.equal(tf.memory().numTensors, tensors);
    }
  }

  const parsed = (name: string) => JSON.parse(String(whole[name]));
  /** What a resumed run continues from. */
  async function readState(state: unknown): Promise<void> {
    restore();
    writeFileSync(at('checkpoints/last/state.json'), JSON.stringify(state));
    await readCheckpoint();
    await resumeFrom(await openCheckpoint(at('checkpoints/last')), at('summary.csv'));
  }
  fuzz('state.json', () => damagedJson(parsed('state.json')), readState);
  fuzz(
    'parts of state.json',
    () => {
      const state = parsed('state.json');
      const names = fc.constantFrom('progress', 'parts', 'network', 'files', 'tensors');
      return names.chain((name) =>
        damagedJson(state[name]).map((part) => ({ ...state, [name]: part })),
      );
    },
    readState,
  );
  fuzz(
    'model.json',
    () => damagedJson(parsed('model.json')),
    async (json) => {
      restore();
      putFile(at('checkpoints/last'), 'model.json', JSON.stringify(json));
      await readCheckpoint();
    },
  );
  fuzz(
    'files of checkpoints',
    () => {
      const name = fc.constantFrom('model.json', 'weights.bin', 'optimizer.bin', 'state.json');
      return name.chain((file) => {
        return fc.tuple(fc.constant(file), damagedFile([whole[file] as Buffer]), fc.boolean());
      });
    },
    async ([name, bytes, vouched]) => {
      restore();
      if (vouched && name !== 'state.json') putFile(at('checkpoints/last'), name, bytes);
      else writeFileSync(at('checkpoints/last', name), bytes);
      await readCheckpoint();
      if (!vouched && name !== 'state.json') assert.deepEqual(bytes, whole[name]);
      const values = model.weights.flatMap((weight) => [...weight.read().dataSync()]);
      assert.ok(values.every(Number.isFinite));
    },
  );
  fuzz(
    'run.json',
    () => damagedJson(record),
    async (json) => {
      restore();
      writeFileSync(at('run.json'), JSON.stringify(json));
      const { settings, resume } = await resumeRequest(directory, []);
      assert.equal(settings.weightsOut, null);
      evaluationSource(resume?.record, null);
      await openTrainedModel(at('checkpoints/last'), null);
    },
  );
});

/** Puts the state of a checkpoint into the parts of a training, as a resumed one does. */
async function resumeFrom(checkpoint: Checkpoint, summary: string): Promise<void> {
  const { settings } = resolveTraining(findArchitecture('lenet5'), [
    { values: { 'lr-scheduler': 'plateau', 'grad-accum-steps': 4 }, source: 'flag' },
  ]);
  const { progress } = checkpoint.state;
  const rollbacks = new Rollbacks();
  const schedule = { ...settings, stepsPerEpoch: 10 };
  const updating = new Updating(settings, schedule, rollbacks, undefined);
  await restoreParts([rollbacks, updating, new SentinelCounters()], checkpoint);
  const { lr, group } = updating.next(progress.step, progress.stepInEpoch, () => 1);
  assert.ok(lr >= 0 && lr <= settings.lr, `a learning rate of ${lr}`);
  assert.ok(group === undefined || group.labelsSoFar > 0);
  for (const number of [progress.epoch, progress.step, progress.stepInEpoch, progress.images]) {
    assert.ok(Number.isSafeInteger(number) && number >= 0);
  }
  new Counters(progress.counters).dispose();
  isBest(progress);
  await takeBackSummary({ summary }, progress, false);
  await readSummary(summary);
}
