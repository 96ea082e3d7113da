import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeImages } from '../images.js';
import { temporaryDirectory } from '../program.js';
import { shell } from '../shell.js';

/** 18 images in batches of 6: 3 steps in an epoch. */
const TRAIN =
  'cnn train --data data --arch lenet5 --input-size 12 --batch-size 6 --epochs 3 --backend js --workers 1 --output runs';
const FULL = 'error: Cannot write the result to standard output: the disk is full (ENOSPC)\n';

describe('a stream that fails', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();
  const run = (script: string) => shell(`set -o pipefail\n${script}`, directory.path);

  /** The steps of the checkpoint of a run. */
  async function steps(name: string): Promise<number> {
    const file = join(directory.path, 'runs', name, 'checkpoints/last/state.json');
    return JSON.parse(await readFile(file, 'utf8')).progress.step;
  }

  before(() => writeImages(join(directory.path, 'data')));

  for (const command of ['cnn archs --json', 'cnn --help', 'cnn train --help', 'cnn --version']) {
    it(`is one line of error where it is standard output: ${command} > /dev/full`, async () => {
      const ended = await run(`${command} > /dev/full`);
      assert.deepEqual(ended, { code: 1, stdout: '', stderr: FULL });
    });
  }

  for (const [name, redirection, code] of [
    ['stdout-full', '> /dev/full', 1],
    ['stderr-full', '2> /dev/full', 0],
    ['both-full', '> /dev/full 2>&1', 1],
    ['closed', '<&- >&- 2>&-', 0],
    ['reader-gone', '2>&1 | head -1', 0],
    ['reader-gone-at-once', '2>&1 | head -c 0', 0],
  ] as const) {
    it(`lets training go on to its end, and saves: ${redirection}`, async () => {
      const ended = await run(`${TRAIN} --experiment ${name} ${redirection}`);
      assert.equal(ended.code, code, ended.stderr);
      assert.equal(await steps(name), 9);
      if (name === 'stdout-full') assert.ok(ended.stderr.endsWith(FULL), ended.stderr);
    });
  }

  it('ends `cnn archs | head` in silence', async () => {
    const ended = await run('for i in 1 2 3; do cnn archs | head -1 > /dev/null || exit 9; done');
    assert.deepEqual(ended, { code: 0, stdout: '', stderr: '' });
  });
});

describe('few open files', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();

  it('are enough for training and for passes over the data, whatever --workers says', async () => {
    await writeImages(join(directory.path, 'data'));
    const workers = '--workers 64';
    const { code, stderr } = await shell(
      `set -e; ulimit -n 128
      ${TRAIN} ${workers} --cache none
      cnn data pack --data data --out packed ${workers}
      cnn data verify --data data ${workers}
      ${TRAIN} --data packed ${workers}`,
      directory.path,
    );
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /could not be read/);
  });
});
