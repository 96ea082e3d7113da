/**
 * `npm run test:kills`: runs `cnn train --verify-resume`, whose processes end by SIGKILL, with f32 and
 * bf16, every augmentation, dropout and batch normalisation, and with images in memory and not.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../src/package-root.js';
import { EVERY_AUGMENTATION, flagsOf, type Settings } from './augment/every-augmentation.js';

const LENET5 = { arch: 'lenet5', 'input-size': '28' };

const TRAININGS: readonly Settings[] = [
  { ...LENET5, precision: 'f32', cache: 'none' },
  { ...LENET5, precision: 'bf16', cache: 'memory' },
  { arch: 'resnet20-cifar', precision: 'f32', cache: 'memory' },
  { arch: 'resnet20-cifar', precision: 'bf16', cache: 'none' },
  { arch: 'simple-cnn', precision: 'bf16', 'color-pca': '0.1', channels: '3' },
  ...EVERY_AUGMENTATION.map((settings, place) => {
    const precision = place % 2 === 0 ? 'f32' : 'bf16';
    return { arch: 'lenet5', 'input-size': '12', channels: '3', precision, ...settings };
  }),
];

let failed = 0;
for (const [seed, training] of TRAININGS.entries()) {
  const all = { ...training, data: 'synthetic', backend: 'cpu', seed: `${seed}` };
  const args = ['train', ...flagsOf(all), '--verify-resume'];
  console.log(`cnn ${args.join(' ')}`);
  const started = performance.now();
  const program = [join(PACKAGE_ROOT, 'bin/cnn.js'), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8' });
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${status === 0 ? stdout.trim() : stderr}  (${seconds} s)`);
  if (status !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
