import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import { execFileSync } from 'node:child_process';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { DataError } from '../../src/errors.js';
import { openCheckpoint } from '../../src/runs/checkpoint/open.js';
import { saveCheckpoint } from '../../src/runs/checkpoint/save.js';
import type { CheckpointState } from '../../src/runs/state.js';
import { temporaryDirectory } from '../commands/program.js';
import { putFile, STATE, smallModel } from './small-checkpoint.js';

describe('a checkpoint of a stranger', () => {
  const directory = temporaryDirectory();
  before(() => tf.setBackend('cpu'));

  it('that somebody edited is damaged, whatever is in it', async () => {
    const place = join(directory.path, 'edited');
    const many = Array.from({ length: 5000 }, (_, index) => String(index));
    const edits: [string, RegExp, (state: CheckpointState) => void][] = [
      ['negative steps', /progress.step/, ({ progress }) => Object.assign(progress, { step: -3 })],
      ['other counters', /counters/, ({ progress }) => progress.counters.window.push(1, 2)],
      ['5000 classes', /5000 classes/, ({ network }) => Object.assign(network, { classes: many })],
      ['a wide input', /network/, ({ network }) => Object.assign(network, { inputSize: 2 ** 40 })],
      ['no deviation', /std/, ({ network }) => Object.assign(network, { std: [0] })],
      [
        'a wild crop',
        /transform/,
        ({ network: { transform } }) => Object.assign(transform, { pad: -9 }),
      ],
    ];
    for (const [what, message, edit] of edits) {
      await rm(place, { recursive: true, force: true });
      await saveCheckpoint(place, smallModel(), [], STATE);
      const state = JSON.parse(await readFile(join(place, 'state.json'), 'utf8'));
      edit(state);
      await writeFile(join(place, 'state.json'), JSON.stringify(state));
      await assert.rejects(openCheckpoint(place), message, what);
      await assert.rejects(openCheckpoint(place), DataError, what);
    }
  });

  it('without a manifest, or with a pipe or a device for a file, is damaged', async () => {
    const place = join(directory.path, 'odd');
    await saveCheckpoint(place, smallModel(), [], STATE);
    for (const name of ['state.json', 'model.json', 'weights.bin']) {
      const file = join(place, name);
      await rename(file, `${file}.kept`);
      for (const make of [['mkfifo'], ['ln', '-s', '/dev/zero'], ['mkdir']]) {
        execFileSync(make[0] as string, [...make.slice(1), file]);
        await assert.rejects(openCheckpoint(place), DataError, `${name}: ${make[0]}`);
        await rm(file, { recursive: true });
      }
      await rename(`${file}.kept`, file);
    }
    putFile(place, 'model.json', '{"modelTopology":{}}');
    await assert.rejects(openCheckpoint(place), /model.json: weightsManifest/);
    putFile(place, 'model.json', 'null');
    await assert.rejects(openCheckpoint(place), DataError);
  });
});
