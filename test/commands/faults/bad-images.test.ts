import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeImages } from '../images.js';
import { cnn, temporaryDirectory } from '../program.js';

/** 9 images in batches of 2: 4 steps in an epoch. */
const SMALL = ['--arch', 'lenet5', '--input-size', '12', '--batch-size', '2', '--epochs', '1'];
const QUICK = ['--backend', 'js', '--workers', '1', '--json', '--max-bad-images', '0.2'];

describe('an image that cannot be read', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  const train = (...more: string[]) =>
    cnn(['train', '--data', at('data'), '--output', at('runs'), ...SMALL, ...QUICK, ...more]);

  before(async () => {
    await writeImages(at('data'), { train: 3 });
    await writeFile(at('data/train/class1/1.png'), 'no image');
    await writeFile(at('data/val/class2/0.png'), '');
  });

  it('is left out of training, counts as wrong in evaluations, and is counted', async () => {
    const { code, stdout, stderr } = await train('--experiment', 'skip');
    assert.equal(code, 0, stderr);
    const { unreadable, images } = JSON.parse(stdout);
    assert.deepEqual(unreadable, { training: 1, validation: 1 });
    assert.equal(images, 6);
    assert.match(stderr, /1 image could not be read, left out of training:\n.*1\.png: unsupported/);
    assert.match(stderr, /1 image could not be read, which counts as wrong:\n.*0\.png.*empty/);
  });

  it('ends training where that is asked for; the run is saved and can be resumed', async () => {
    const { code, stderr } = await train('--experiment', 'fail', '--on-bad-image', 'fail');
    assert.equal(code, 3, stderr);
    const [, step] = /Cannot read the image .*1\.png: .* Step (\d) is saved/.exec(stderr) ?? [];
    assert.ok(Number(step) < 4, stderr);
    const again = ['train', '--resume', at('runs/fail'), ...QUICK, '--on-bad-image', 'skip'];
    const resumed = await cnn(again);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(JSON.parse(resumed.stdout).steps, 4);
    const summary = await readFile(at('runs/fail/summary.csv'), 'utf8');
    const timeless = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((row) => row.split(',').slice(0, 8));
    const uninterrupted = await readFile(at('runs/skip/summary.csv'), 'utf8');
    assert.deepEqual(timeless(summary), timeless(uninterrupted));
  });

  it('ends an evaluation where that is asked for', async () => {
    const evaluation = ['eval', '--checkpoint', at('runs/skip'), '--data', at('data')];
    const { code, stderr } = await cnn([
      ...evaluation,
      '--backend',
      'js',
      '--on-bad-image',
      'fail',
    ]);
    assert.equal(code, 3);
    assert.match(stderr, /Cannot read the image .*val\/class2\/0\.png: the file is empty/);
  });
});
