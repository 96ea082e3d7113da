/** Trainings of a few images of one colour each, whose course is known beforehand. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { runTrain } from '../../src/commands/train.js';
import { SILENT } from '../../src/session/reporter.js';
import { temporaryDirectory } from '../commands/program.js';

type Colour = readonly [red: number, green: number, blue: number];
type Classes = Readonly<Record<string, Colour>>;

const DARK: Colour = [40, 60, 50];
const BRIGHT: Colour = [210, 200, 190];

describe('a training', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);

  /** Four images of each class, all of one colour. */
  async function writeData(root: string, splits: { train: Classes; val: Classes }): Promise<void> {
    for (const [split, classes] of Object.entries(splits)) {
      for (const [name, [r, g, b]] of Object.entries(classes)) {
        const create = { width: 12, height: 12, channels: 3, background: { r, g, b } } as const;
        const image = await sharp({ create }).png().toBuffer();
        await mkdir(join(root, split, name), { recursive: true });
        for (let i = 0; i < 4; i++) await writeFile(join(root, split, name, `${i}.png`), image);
      }
    }
  }

  async function train(data: string, settings: Readonly<Record<string, string>>) {
    const { json } = await runTrain(
      {
        ...{ arch: 'lenet5', data: at(data), 'input-size': '12', channels: '3', augment: 'none' },
        ...{ 'batch-size': '4', 'lr-scheduler': 'constant', backend: 'js', workers: '1' },
        ...{ output: at('runs'), experiment: data, ...settings },
      },
      SILENT,
    );
    tf.disposeVariables();
    return json;
  }

  for (const [course, val, epoch] of [
    ['falls', { dark: BRIGHT, bright: DARK }, 1],
    ['rises', { dark: DARK, bright: BRIGHT }, 3],
  ] as const) {
    it(`keeps the best epoch, the first of equal ones, where the accuracy ${course}`, async () => {
      await writeData(at(course), { train: { dark: DARK, bright: BRIGHT }, val });
      const result = await train(course, { epochs: '4', lr: '0.05', 'lr-warmup-steps': '6' });
      const rows = (await readFile(at('runs', course, 'summary.csv'), 'utf8')).trim().split('\n');
      const top1 = rows.slice(1).map((row) => Number(row.split(',')[4]));
      assert.deepEqual(top1, course === 'falls' ? [50, 50, 0, 0] : [50, 50, 100, 100]);
      const state = await readFile(at('runs', course, 'checkpoints/best/state.json'), 'utf8');
      const { last, ...progress } = JSON.parse(state).progress;
      assert.deepEqual([progress.epoch, last.top1], [epoch, Math.max(...top1)]);
      assert.deepEqual([result.best.epoch, result.best.top1], [epoch, Math.max(...top1)]);
    });
  }

  it('subtracts the mean of each colour from that colour', async () => {
    // What is left is 0, of which LeNet-5 makes logits of 0 before it has learned anything.
    const colour: Colour = [51, 102, 204];
    const classes = { a: colour, b: colour, c: colour };
    await writeData(at('plain'), { train: classes, val: classes });
    const mean = colour.map((value) => value / 255).join(',');
    const { loss } = await train('plain', { mean, lr: '1e-30', 'max-steps': '1' });
    assert.ok(Math.abs(loss - Math.log(3)) < 1e-6, `loss ${loss}`);
  });
});
