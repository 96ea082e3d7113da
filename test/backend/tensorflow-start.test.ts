/** How TensorFlow's library is started, in processes of their own: it reads its settings once. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { tensorflowOrSkip } from '../network/backends.js';

/** As Node 23 and later, which have dropped functions that tfjs-node calls. */
const LATER_NODE = `
  import util from 'node:util';
  for (const name of ['isArray', 'isNullOrUndefined']) delete util[name];
`;
const START = `
  import * as tf from '@tensorflow/tfjs-core';
  const { openBackend } = await import('./src/backend/index.ts');
  await openBackend('tensorflow', { precision: 'f32', threads: 1 });
  const sum = tf.sum(tf.tensor2d([[1, 2, 4]]), 1).dataSync()[0];
  console.log(JSON.stringify({ sum, growth: process.env.TF_FORCE_GPU_ALLOW_GROWTH }));
`;

function start(program: string, environment: NodeJS.ProcessEnv = {}) {
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
  const env = { ...process.env, NODE_OPTIONS: '', ...environment };
  const options = { cwd: PACKAGE_ROOT, env, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
  assert.equal(status, 0, stderr);
  return { stderr, answer: JSON.parse(stdout) as { sum: number; growth: string } };
}

describe("TensorFlow's library", function () {
  this.timeout(120_000);
  before(async function () {
    await tensorflowOrSkip(this);
  });

  it('computes where Node has dropped what tfjs-node calls, and says nothing', () => {
    const { stderr, answer } = start(LATER_NODE + START);
    assert.deepEqual({ stderr, answer }, { stderr: '', answer: { sum: 7, growth: 'true' } });
  });

  it('takes all memory of a GPU only where the user wants it to', () => {
    const { answer } = start(START, { TF_FORCE_GPU_ALLOW_GROWTH: 'false' });
    assert.equal(answer.growth, 'false');
  });
});
