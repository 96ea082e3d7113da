/** A run that ends anywhere is resumed to the same bits. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { trainUntil } from '../../src/commands/verify-resume/doomed.js';
import { type Census, EVALUATION, STEP } from '../../src/commands/verify-resume/moments.js';
import { type StartProcess, verifyResume } from '../../src/commands/verify-resume/verify-resume.js';
import type { Given } from '../../src/settings/given.js';
import { describeSettings, EVERY_AUGMENTATION } from '../augment/every-augmentation.js';
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
        // A file that was created, or is not on the disk yet, is as one that is half written.
        const changes = Object.entries(found).filter(
          ([what]) => !/^(step|evaluation|create|sync)\b/.test(what),
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

  // biome-ignore format: one training a row
  const TRAININGS: readonly (readonly [what: string, settings: Given, kills: number])[] = [
    ['bf16, batch norm, images in memory', { arch: 'resnet20-cifar', precision: 'bf16', cache: 'memory', lr: '1e-3' }, 3],
    ['dropout', { arch: 'simple-cnn' }, 3],
    ['bf16, smoothed labels', { precision: 'bf16', 'label-smoothing': '0.1' }, 3],
    ['AdamW, averaged weights, a plateau', { opt: 'adamw', lr: '1e-3', 'ema-decay': '0.9', 'lr-scheduler': 'plateau', patience: '1' }, 3],
    ['Nesterov, warm-up, cosine', { nesterov: true, 'lr-scheduler': 'cosine', 'lr-warmup-steps': '3' }, 2],
    ...EVERY_AUGMENTATION.map((settings, place): [string, Given, number] => {
      const cache = place % 2 === 0 ? 'none' : 'memory';
      return [`${describeSettings(settings)}, cache ${cache}`, { ...settings, cache, channels: '3' }, 2];
    }),
  ];
  for (const [what, settings, kills] of TRAININGS) {
    it(`is the same with ${what}`, async () => {
      const seed = what.length;
      const result = await verifyResume({ ...given(), ...settings }, limits, {
        ...{ start, reporter, kills, seed },
      });
      assert.equal(result.kills.length, kills);
      assert.ok(result.compared > 0);
    });
  }

  it('is told from one that is not the same', async () => {
    // As if the momenta were lost: the first step after the kill has none.
    let starts = 0;
    const losing: StartProcess = async (doomed) => {
      const { resume } = doomed.given;
      if (++starts === 3 && typeof resume === 'string') {
        const last = join(resume, 'checkpoints/last');
        const file = join(last, 'optimizer.bin');
        const zeros = Buffer.alloc((await readFile(file)).length);
        await writeFile(file, zeros);
        const state = JSON.parse(await readFile(join(last, 'state.json'), 'utf8'));
        state.files['optimizer.bin'].sha256 = createHash('sha256').update(zeros).digest('hex');
        await writeFile(join(last, 'state.json'), JSON.stringify(state));
      }
      return start(doomed);
    };
    const verified = verifyResume(given(), limits, {
      ...{ start: losing, reporter, kills: 1, seed: 0 },
      choose: () => [{ what: STEP, time: 6, within: 0 }],
    });
    await assert.rejects(
      verified,
      /^RunError: A run that was killed and resumed differs .* in checkpoints\/last\/weights\.bin, checkpoints\/last\/optimizer\.bin.*The kills so far: step$/,
    );
  });
});
