import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { findArchitecture } from '../../src/archs/index.js';
import { resumeRequest } from '../../src/commands/train.js';
import { openIndex } from '../../src/data/dataset-index.js';
import { loadIndex, saveIndex } from '../../src/data/index-cache.js';
import type { StoredHeader } from '../../src/data/index-check.js';
import { openTrainedModel } from '../../src/evaluate/trained-model.js';
import { openCheckpoint } from '../../src/runs/checkpoint/open.js';
import { type NamedTensor, saveCheckpoint } from '../../src/runs/checkpoint/save.js';
import { loadTensors, loadWeights } from '../../src/runs/checkpoint/tensors.js';
import { evaluationSource } from '../../src/runs/run-selection.js';
import { resolveSettings } from '../../src/settings/resolve.js';
import { forged } from '../data/forged-index.js';
import { writeTree } from '../data/images.js';
import { putFile, RECORD, STATE, smallModel } from '../runs/small-checkpoint.js';
import { fuzz } from './fuzz.js';
import { damagedFile, damagedJson } from './mutations.js';

describe('caches and runs of strangers', function () {
  this.timeout(0);
  const directory = mkdtempSync(join(tmpdir(), 'cnn-fuzz-'));
  const at = (...names: string[]) => join(directory, ...names);
  const cacheBefore = process.env['CNN_CACHE'];
  const root = at('set');
  let index = Buffer.alloc(0);
  let indexFile = '';
  let header = {} as StoredHeader;
  let model: LayersModel;
  let momenta: NamedTensor<tf.Variable>[];
  /** The files of the checkpoint that the damaged ones are made from. */
  let whole: Readonly<Record<string, Buffer>> = {};
  let record: unknown;

  before(async () => {
    process.env['CNN_CACHE'] = at('cache');
    writeTree(root, { 'train/a/1.png': 1, 'train/ä/2.png': 2, 'val/a/1.png': 3 });
    const folders = ['', '/train', '/train/a', '/train/ä', '/val', '/val/a'];
    const sources = folders.map((path) => {
      const { mtimeNs } = statSync(root + path, { bigint: true });
      return { path: root + path, modified: String(mtimeNs) };
    });
    assert.equal(await saveIndex(await openIndex(root), sources), undefined);
    indexFile = at('cache/indexes', readdirSync(at('cache/indexes'))[0] as string);
    index = readFileSync(indexFile);
    forged(index, (stored) => {
      header = structuredClone(stored);
    });

    await tf.setBackend('cpu');
    model = smallModel();
    momenta = [{ name: 'momentum/fc/bias', tensor: tf.variable(tf.tensor1d([1, -2])) }];
    const progress = {
      ...STATE.progress,
      best: { loss: 1, top1: 2, top5: 3, images: 4, epoch: 1 },
    };
    await saveCheckpoint(at('checkpoints/last'), model, momenta, { ...STATE, progress });
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
    if (cacheBefore === undefined) delete process.env['CNN_CACHE'];
    else process.env['CNN_CACHE'] = cacheBefore;
  });

  /** An index is one of the dataset's own images or none, and never an error. */
  async function readIndex(bytes: Buffer): Promise<void> {
    writeFileSync(indexFile, bytes);
    const found = await loadIndex(root);
    for (const { images, labels } of [found?.train, found?.val].filter((part) => !!part)) {
      for (const [position, label] of labels.entries()) {
        assert.ok(label >= 0 && label < 2, `label ${label}`);
        const { file } = images.locate(position);
        assert.ok(file.startsWith(`${root}/`) && !file.includes('..'), file);
        assert.ok(images.name(position).startsWith(root));
      }
    }
  }
  const never = () => false;
  fuzz('indexes', () => damagedFile([index]), readIndex, never);
  fuzz(
    'indexes with right checksums',
    () =>
      damagedFile([index])
        .filter(({ length }) => length >= 24)
        .map(asIndex),
    readIndex,
    never,
  );
  fuzz(
    'columns of indexes',
    () => {
      const columns = 16 + index.readUInt32LE(8);
      return damagedFile([index.subarray(columns)]).map((bytes) =>
        asIndex(Buffer.concat([index.subarray(0, columns), bytes])),
      );
    },
    readIndex,
    never,
  );
  fuzz(
    'headers of indexes',
    () =>
      damagedJson(header).map((changed) =>
        forged(index, (stored) => {
          for (const key of Object.keys(stored))
            delete (stored as Partial<StoredHeader>)[key as 'val'];
          Object.assign(stored, changed);
        }),
      ),
    readIndex,
    never,
  );

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
  fuzz(
    'state.json',
    () => damagedJson(parsed('state.json')),
    async (state) => {
      restore();
      writeFileSync(at('checkpoints/last/state.json'), JSON.stringify(state));
      await readCheckpoint();
    },
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

/** The bytes as an index whose version, checksum and length of the header are right. */
function asIndex(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(4, 0);
  const length = Math.min(copy.readUInt32LE(8), copy.length - 16) & ~7;
  copy.writeUInt32LE(length, 8);
  copy.writeUInt32LE(crc32(copy.subarray(8)), 4);
  return copy;
}
