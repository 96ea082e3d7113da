/**
 * Whether the memory of a training stays flat: LeNet-5 on synthetic images, with all loggers, an
 * evaluation and a checkpoint every 100 steps. Fails where it grows in 10,000 steps.
 *
 *     npm run test:steady
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { runTrain } from '../src/commands/train.js';
import { SILENT } from '../src/session/reporter.js';
import { startStandIn } from '../test/loggers/mlflow-server.js';

/**
 * The first are a warm-up: V8 gives back about 60 MiB some thousand steps after the start, and up to
 * step 15,000 resident memory grows to what it was before. The most of two windows is compared.
 */
const WARM_UP = 15_000;
const WINDOW = 10_000;
const STEPS = WARM_UP + 2 * WINDOW;
/** Of 5 of the 500 images. */
const STEPS_PER_EPOCH = 100;
/** The memory is read every so many steps. */
const EVERY = 1000;
/** What the collector and the allocator leave lying about. */
const SLACK_MIB = 16;

interface Sample {
  readonly step: number;
  readonly residentMib: number;
  readonly heapMib: number;
  readonly tensors: number;
  /** What keeps the program alive: timers, sockets, threads. */
  readonly resources: number;
  readonly files: number;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function sample(step: number): Promise<Sample> {
  collectGarbage();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    step,
    residentMib: rss / 2 ** 20,
    heapMib: heapUsed / 2 ** 20,
    tensors: tf.memory().numTensors,
    resources: process.getActiveResourcesInfo().length,
    files: (await readdir('/proc/self/fd')).length,
  };
}

async function train(): Promise<Sample[]> {
  const output = await mkdtemp(join(tmpdir(), 'cnn-steady-'));
  const mlflow = await startStandIn();
  const samples: Promise<Sample>[] = [];
  try {
    const settings = {
      ...{ arch: 'lenet5', data: 'synthetic', 'batch-size': '5', 'max-steps': `${STEPS}` },
      ...{ epochs: `${STEPS / STEPS_PER_EPOCH}`, lr: '0.001', 'print-freq': '20', output },
      ...{ tensorboard: true, mlflow: mlflow.uri },
    };
    await runTrain(settings, {
      ...SILENT,
      epoch({ epoch, seconds }) {
        const step = epoch * STEPS_PER_EPOCH;
        if (step % EVERY !== 0) return;
        samples.push(sample(step));
        console.error(`${step} steps, an epoch ${seconds.toFixed(1)} s`);
      },
    });
    return await Promise.all(samples);
  } finally {
    await mlflow.close();
    await rm(output, { recursive: true });
  }
}

const samples = await train();
console.table(
  samples.map((one) => ({
    ...one,
    residentMib: Math.round(one.residentMib),
    heapMib: Math.round(one.heapMib),
  })),
);
if (samples.at(-1)?.step !== STEPS) throw new Error('The training took too few steps');
const most = (name: keyof Sample, from: number): number => {
  const window = samples.filter(({ step }) => step > from && step <= from + WINDOW);
  return Math.max(...window.map((one) => one[name]));
};
const grown = (['residentMib', 'heapMib', 'tensors', 'resources', 'files'] as const).filter(
  (name) => {
    const slack = name.endsWith('Mib') ? SLACK_MIB : 1;
    return most(name, WARM_UP + WINDOW) > most(name, WARM_UP) + slack;
  },
);
if (grown.length > 0) {
  console.error(`In the last ${WINDOW} steps these grew: ${grown.join(', ')}`);
  process.exitCode = 1;
}
