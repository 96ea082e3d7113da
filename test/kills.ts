/**
 * `npm run test:kills`: runs `cnn train --verify-resume`, whose processes end by SIGKILL, with f32 and
 * bf16, every augmentation, dropout and batch normalisation, and with images in memory and not.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../src/package-root.js';

const SMALL = ['--data', 'synthetic', '--backend', 'cpu', '--seed'];
const LENET5 = ['--arch', 'lenet5', '--input-size', '28'];

const TRAININGS: readonly (readonly string[])[] = [
  [...LENET5, '--precision', 'f32', '--cache', 'none'],
  [...LENET5, '--precision', 'bf16', '--cache', 'memory'],
  ['--arch', 'resnet20-cifar', '--precision', 'f32', '--cache', 'memory'],
  ['--arch', 'resnet20-cifar', '--precision', 'bf16', '--cache', 'none'],
  ['--arch', 'simple-cnn', '--precision', 'bf16', '--color-pca', '0.1', '--channels', '3'],
  ...['alexnet', 'vgg', 'inception', 'resnet', 'none'].map((augment) => {
    return [...LENET5, '--precision', 'f32', '--channels', '3', '--augment', augment];
  }),
];

let failed = 0;
for (const [seed, training] of TRAININGS.entries()) {
  console.log(`cnn train ${training.join(' ')} --verify-resume`);
  const args = [join(PACKAGE_ROOT, 'bin/cnn.js'), 'train', ...training, ...SMALL, `${seed}`];
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [...args, '--verify-resume'], {
    encoding: 'utf8',
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${status === 0 ? stdout.trim() : stderr}  (${seconds} s)`);
  if (status !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
