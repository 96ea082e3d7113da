/**
 * The code that asks cuDNN and cuBLASLt, above libraries that compute on the emulated GPU
 * (native/cuda/emulated/libraries/).
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whyNoCudaTarget } from '../../bench/cuda/cudnn-plans.js';
import { PACKAGE_ROOT } from '../../src/package-root.js';

const ADDON = join(PACKAGE_ROOT, 'build', 'cnn-emulated-libraries.node');

describe('convolutions and products by cuDNN and cuBLASLt', function () {
  this.timeout(240_000);
  let cache: string;

  before(function () {
    // It may have to compile.
    this.timeout(600_000);
    const missing = whyNoCudaTarget('cnn-emulated-libraries');
    if (missing !== undefined) {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    cache = mkdtempSync(join(tmpdir(), 'cnn-choices-'));
  });
  after(() => {
    if (cache !== undefined) rmSync(cache, { recursive: true });
  });

  it('convolutions of random shapes are right', () => {
    run(['node_modules/mocha/bin/mocha.js', 'test/backend/convolution-shapes.test.ts']);
  });
  it('products are right', () => {
    run(['node_modules/mocha/bin/mocha.js', 'test/backend/matmul.test.ts']);
  });

  it('engines that do not promise the same bits are chosen only where that is allowed', () => {
    const engines = new Set(chosen().map(({ value }) => engineOf(value)));
    assert.deepEqual([...engines].sort(), [undefined, 0, 4].sort());
  });
  it('float32 is not computed on tensor cores unless TF32 is allowed', () => {
    const types = chosen()
      .filter(({ value }) => engineOf(value) === 4)
      .map(({ key }) => key.split(' ')[1]);
    assert.ok(types.length > 0);
    assert.ok(!types.includes('f32'));
  });

  it('what was chosen is found again', () => {
    const before = lines();
    assert.equal(multiplyAndConvolve(), '8,72');
    const first = lines();
    assert.equal(multiplyAndConvolve(), '8,72');
    assert.deepEqual(lines(), first);
    assert.equal(first.length - before.length, 2);
  });
  it('a choice that cannot be read is made again', () => {
    const damaged = lines().map((line) => line.replace(/"value":"(.).*"/, '"value":"$1 nothing"'));
    writeFileSync(file(), `${damaged.join('\n')}\n`);
    assert.equal(multiplyAndConvolve(), '8,72');
    assert.equal(lines().length, damaged.length + 2);
  });
  it('a line without an end is as good as none', () => {
    const whole = lines();
    writeFileSync(file(), `${whole.join('\n')}\n{"key":"BatchM`);
    assert.equal(multiplyAndConvolve(), '8,72');
    const key = '{"key":"FusedConv2D f32 0 1 3 3 1 3 3 1 3 3 1 1 1 1 1 1 1 0","value":"x';
    writeFileSync(file(), `${whole[0]}\n${key}`);
    assert.equal(multiplyAndConvolve(), '8,72');
    assert.equal(chosen().length, 2);
  });
  it('a file of another version is replaced', () => {
    writeFileSync(file(), '{"cudnn":"90000"}\n{"key":"a","value":"b"}\n');
    assert.equal(multiplyAndConvolve(), '8,72');
    assert.match(lines()[0] ?? '', /"cudnn":"91900"/);
    assert.equal(chosen().length, 2);
  });
  it('without a place for the file nothing fails', () => {
    assert.equal(multiplyAndConvolve({ CNN_CACHE: '/dev/null' }), '8,72');
    assert.equal(multiplyAndConvolve({ CNN_CACHE: '', HOME: '' }), '8,72');
  });
  it('with CNN_CUDA_TUNE=0 nothing is measured or kept', () => {
    rmSync(file());
    assert.equal(multiplyAndConvolve({ CNN_CUDA_TUNE: '0' }), '8,72');
    assert.deepEqual(readdirSync(join(cache, 'cuda')), []);
  });

  it('a library that is missing is one sentence at the start', () => {
    assert.equal(multiplyAndConvolve({ CNN_CUDA_LIBRARIES: '' }), '8,72', 'names no folder');
    const done = start(['--import', 'tsx', '--input-type=module', '--eval', SCRIPT], {
      CNN_CUDA_LIBRARIES: '/nowhere',
    });
    assert.match(
      done.stderr,
      /Backend cuda does not work here \(Expected libcudnn.so.9 in \/nowhere, or the system's folders but it is in none: run bin\/setup --cuda, or set CNN_CUDA_LIBRARIES to the folder that has it\)/,
    );
  });

  function start(args: readonly string[], env: NodeJS.ProcessEnv) {
    const own = {
      ...{ CNN_ADDON: ADDON, CNN_CUDA_EMULATED: '0', CNN_TEST_BACKEND: 'cuda', CNN_CACHE: cache },
      ...env,
    };
    return spawnSync(process.execPath, args, {
      cwd: PACKAGE_ROOT,
      env: { ...process.env, ...own },
      encoding: 'utf8',
    });
  }
  function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
    const done = start(args, env);
    assert.equal(done.status, 0, `${done.stdout}${done.stderr}`);
    return done.stdout.trim();
  }

  /** Two numbers, each of one product. */
  function multiplyAndConvolve(env: NodeJS.ProcessEnv = {}): string {
    return run(['--import', 'tsx', '--input-type=module', '--eval', SCRIPT], env);
  }

  function file(): string {
    const [name = ''] = readdirSync(join(cache, 'cuda'));
    return join(cache, 'cuda', name);
  }
  function lines(): string[] {
    return readFileSync(file(), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  }
  function chosen(): { key: string; value: string }[] {
    return lines()
      .slice(1)
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line));
  }
});

/** A convolution of 3×3 over 8 channels at its middle, and a product of 8 terms. */
const SCRIPT = `
  import * as tf from '@tensorflow/tfjs-core';
  import { openBackend } from './src/backend/index.js';
  await openBackend('cuda', { precision: 'f32' });
  const ones = (shape) => tf.tensor(new Float32Array(tf.util.sizeFromShape(shape)).fill(1), shape);
  const product = tf.matMul(ones([2, 8]), ones([8, 3])).dataSync()[0];
  const image = tf.conv2d(ones([1, 3, 3, 8]), ones([3, 3, 8, 2]), 1, 'same').dataSync();
  console.log([product, image[8]].join());
`;

/** The number of cuDNN's engine, which the plan of the emulated library begins with. */
function engineOf(value: string): number | undefined {
  const digits = /\{"emulated":"(..)/.exec(value)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}
