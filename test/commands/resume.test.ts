import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { resumeRequest } from '../../src/commands/train.js';
import { DataError, UsageError } from '../../src/errors.js';
import { saveCheckpoint } from '../../src/runs/checkpoint/save.js';
import { RECORD, STATE, smallModel } from '../runs/small-checkpoint.js';
import { temporaryDirectory } from './program.js';

describe('the run.json of a stranger', () => {
  const directory = temporaryDirectory();
  const record = () => join(directory.path, 'run.json');

  before(async () => {
    await tf.setBackend('cpu');
    await saveCheckpoint(join(directory.path, 'checkpoints/last'), smallModel(), [], STATE);
  });

  it('does not choose a file that a resumed run overwrites', async () => {
    writeFileSync(record(), JSON.stringify(RECORD));
    const { settings, provenance } = await resumeRequest(directory.path, []);
    assert.equal(settings.batchSize, 4);
    assert.equal(settings.weightsOut, null);
    assert.equal(provenance['weights-out']?.source, 'default');
    const given = { values: { 'weights-out': 'mine' }, source: 'flag' } as const;
    assert.equal((await resumeRequest(directory.path, [given])).settings.weightsOut, 'mine');
  });

  it('is damaged, or has settings that there are not, whatever it holds', async () => {
    const records = [
      { ...RECORD, resumed: undefined },
      { ...RECORD, augmentation: { principalColours: { values: [1] } } },
      { ...RECORD, data: { ...RECORD.data, classes: 5 } },
      { ...RECORD, settings: { ...RECORD.settings, workers: { value: 1e6, source: 'flag' } } },
      { ...RECORD, settings: { ...RECORD.settings, threads: { value: 1e5, source: 'flag' } } },
      { ...RECORD, settings: { ...RECORD.settings, lr: { value: -1, source: 'flag' } } },
      null,
    ];
    for (const changed of records) {
      writeFileSync(record(), JSON.stringify(changed));
      await assert.rejects(resumeRequest(directory.path, []), (error) => {
        return error instanceof DataError || error instanceof UsageError;
      });
    }
  });

  it('that is a pipe or a device is not waited for', async () => {
    for (const make of [['mkfifo'], ['ln', '-s', '/dev/zero']]) {
      execFileSync('rm', ['-f', record()]);
      execFileSync(make[0] as string, [...make.slice(1), record()]);
      await assert.rejects(resumeRequest(directory.path, []), DataError);
    }
  });
});
