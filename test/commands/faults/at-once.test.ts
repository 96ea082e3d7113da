import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeImages } from '../images.js';
import { temporaryDirectory } from '../program.js';
import { shell } from '../shell.js';

/** 18 images in batches of 6: 3 steps in an epoch. */
const TRAIN =
  'cnn train --data data --arch lenet5 --input-size 12 --batch-size 6 --backend js --workers 1 --output runs';

describe('processes at work at once', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  const run = (script: string) => shell(script, directory.path);

  before(() => writeImages(at('data')));

  it('have a directory each for runs that were started in the same second', async () => {
    const { stdout } = await run(`for i in 1 2 3 4 5 6; do ${TRAIN} --epochs 1 & done; wait`);
    const runs = [...stdout.matchAll(/^run (\S+): 1 epoch, 3 steps/gm)].map((match) => match[1]);
    assert.equal(runs.length, 6);
    assert.equal(new Set(runs).size, 6);
    for (const path of runs) {
      const rows = (await readFile(at(path ?? '', 'summary.csv'), 'utf8')).trim().split('\n');
      assert.equal(rows.length, 2, path);
    }
  });

  it('leave a name to the first one, and refuse it to the others', async () => {
    const { stdout, stderr } = await run(
      `for i in 1 2 3; do { ${TRAIN} --epochs 1 --experiment name; echo "rc $?"; } & done; wait`,
    );
    assert.deepEqual(stdout.match(/rc \d/g)?.sort(), ['rc 0', 'rc 2', 'rc 2']);
    assert.equal(stderr.match(/runs\/name exists already/g)?.length, 2);
  });

  it('do not train the same run', async () => {
    const { stdout, stderr } =
      await run(`( exec "$NODE" "$PROGRAM" ${TRAIN.slice('cnn '.length)} --epochs 500 --experiment one ) &
      until [ -e runs/one/checkpoints/best ]; do sleep 0.1; done
      cnn train --resume runs/one; echo "rc $?"
      kill $!; wait $!
      cnn train --resume runs/one --epochs 1; echo "rc $?"`);
    assert.match(stderr, /Another process trains runs\/one: stop it, or wait for its end/);
    assert.deepEqual(stdout.match(/rc \d/g), ['rc 2', 'rc 0']);
    assert.equal(stderr.match(/Another process/g)?.length, 1);
  });

  it('do not pack into the same directory', async () => {
    const { stdout, stderr } = await run(
      'for i in 1 2 3; do { cnn data pack --data data --out packed; echo "rc $?"; } & done; wait',
    );
    assert.deepEqual(stdout.match(/rc \d/g)?.sort(), ['rc 0', 'rc 2', 'rc 2'], stderr);
    assert.ok(!(await readdir(at('packed'))).some((name) => /partial/.test(name)));
    assert.doesNotMatch(stderr, /fault of cnn/);
  });

  it('write one file whole, whoever is last', async () => {
    const { code, stderr } = await run(`set -e
      for i in 1 2 3 4; do cnn data preview --arch lenet5 --data data --out p.png & done; wait
      for i in 1 2 3 4; do cnn data stats --data data & done; wait
      for i in 1 2 3 4; do cnn export runs/name --output w.safetensors & done; wait
      cnn predict --arch lenet5 --weights w.safetensors --crop-size 12 --backend js p.png`);
    assert.doesNotMatch(stderr, /error/);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      (await readdir(at('.'))).filter((name) => /partial/.test(name)),
      [],
    );
  });
});
