/** Runs `cnn train` in this process and returns what can be seen of it. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { runTrain } from '../../src/commands/train.js';
import type { Given } from '../../src/settings/given.js';

/** What a training reported and left in its files, without times. */
export interface Observed {
  /** SHA-256 of the weights after the last step, and of the momenta. */
  readonly weights: string;
  readonly momenta: string;
  /** Of summary.csv, for each epoch. */
  readonly lr: readonly number[];
  readonly training: readonly (readonly number[])[];
  readonly evaluation: readonly (readonly number[])[];
  readonly steps: readonly number[];
  /** The network's card in the checkpoint. */
  readonly card: Readonly<Record<string, unknown>>;
  /** Of run.json. */
  readonly augmentation: Readonly<Record<string, unknown>>;
  readonly data: Readonly<Record<string, unknown>>;
  readonly backend: readonly unknown[];
  /** All files in the folder of the test. */
  readonly files: readonly string[];
  /** Lines with figures. */
  readonly reports: number;
  /** Images of the training and of the validation set that could not be read. */
  readonly unreadable: readonly [training: number, validation: number];
  /** Threads that decoded. */
  readonly workers: number;
}

/** Trains and reads what is in `root` then; `onNote` gets each line that stays, and the end of each epoch. */
export async function observe(
  root: string,
  given: Given,
  onNote: (line: string) => void = () => {},
  onWarning: (warning: string) => void = () => {},
): Promise<Observed> {
  let [reports, workers] = [0, 0];
  const onWorker = () => workers++;
  process.on('worker', onWorker);
  try {
    const { json } = await runTrain(given, {
      note: onNote,
      warn: onWarning,
      begin: () => {},
      advance: () => {},
      figures: (_, glimpse = false) => {
        if (!glimpse) reports++;
      },
      epoch: ({ epoch, epochs }) => onNote(`epoch ${epoch}/${epochs}:`),
      end: () => {},
    });
    const { training, validation } = json.unreadable;
    const files = (await readdir(root, { recursive: true })).sort();
    const run = await readRun(json.run);
    return { ...run, files, reports, unreadable: [training, validation], workers };
  } finally {
    process.off('worker', onWorker);
    tf.disposeVariables();
  }
}

async function readRun(run: string) {
  const json = async (file: string) => JSON.parse(await readFile(join(run, file), 'utf8'));
  const { network } = await json('checkpoints/last/state.json');
  const { augmentation, data, backend } = await json('run.json');
  const rows = await readRows(join(run, 'summary.csv'));
  const columns = (...names: string[]) => rows.map((row) => names.map((name) => Number(row[name])));
  return {
    weights: await digest(join(run, 'checkpoints/last/weights.bin')),
    momenta: await digest(join(run, 'checkpoints/last/optimizer.bin')),
    lr: columns('lr').flat(),
    training: columns('train_loss', 'train_top1', 'train_top5'),
    evaluation: columns('eval_loss', 'eval_top1', 'eval_top5'),
    steps: columns('steps').flat(),
    card: network,
    augmentation,
    data,
    backend: [backend.name, backend.precision],
  };
}

async function readRows(file: string): Promise<Record<string, string>[]> {
  const [header = '', ...rows] = (await readFile(file, 'utf8')).trim().split('\n');
  const names = header.split(',');
  return rows.map((row) => Object.fromEntries(row.split(',').map((text, i) => [names[i], text])));
}

async function digest(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
