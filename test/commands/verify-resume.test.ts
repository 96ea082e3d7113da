/** A run that ends anywhere is resumed to the same bits. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { trainUntil } from '../../src/commands/verify-resume/doomed.js';
import {
  type Census,
  drawMoments,
  EVALUATION,
  STEP,
} from '../../src/commands/verify-resume/moments.js';
import { type StartProcess, verifyResume } from '../../src/commands/verify-resume/verify-resume.js';
import { writeImages } from './images.js';
import { temporaryDirectory } from './program.js';

class Ended extends Error {}

/** In this process: once it has ended, nothing is written any more. */
const start: StartProcess = async (doomed) => {
  const ending = {
    atOnce: () => Promise.reject(new Ended()),
    soon: () => {
      throw new Ended();
    },
  };
  try {
    return await trainUntil(doomed, ending);
  } catch (error) {
    if (error instanceof Ended) return undefined;
    throw error;
  } finally {
    tf.disposeVariables();
  }
};

describe('a run that is killed and resumed', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  const notes: string[] = [];
  const reporter = { note: (line: string) => notes.push(line) };
  /** 4 steps and 2 steps of evaluation in an epoch. */
  const limits = { training: 16, validation: 6 };
  const given = () => ({
    ...{ arch: 'lenet5', data: join(directory.path, 'data'), 'input-size': '12', channels: '1' },
    ...{ 'batch-size': '4', epochs: '2', 'checkpoint-steps': '3', 'print-freq': '2' },
    ...{ backend: 'cpu', precision: 'f32', workers: '1', threads: '1', cache: 'none' },
  });

  before(() => writeImages(join(directory.path, 'data')));

  it('is the same wherever in saving it was killed', async () => {
    let census: Census = {};
    const { kills, compared } = await verifyResume(given(), limits, {
      ...{ start, reporter, kills: 0, seed: 0 },
      choose(found) {
        census = found;
        const changes = Object.entries(found).filter(
          ([what]) => ![STEP, EVALUATION].includes(what),
        );
        return changes.map(([what, times]) => ({ what, time: Math.min(2, times), within: 0 }));
      },
    });
    assert.equal(census[STEP], 8);
    assert.equal(census[EVALUATION], 4);
    for (const what of [
      ...['write <run>/checkpoints/<temporary>/weights.bin', 'rename <run>/checkpoints/last'],
      ...[
        'rename <run>/checkpoints/last.previous',
        'copyFile <run>/checkpoints/<temporary>/state.json',
      ],
      ...['rename <run>/checkpoints/best', 'write <run>/summary.csv', 'link <run>/lock.json'],
      ...['rm <run>/checkpoints/last.previous', 'rename <run>'],
    ]) {
      assert.ok(kills.includes(what), `${what}\n${kills.join('\n')}`);
    }
    assert.ok(compared > 2);
  });
});
