import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ending } from '../../src/loggers/logger.js';
import { tensorboardLogger } from '../../src/loggers/tensorboard/logger.js';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import type { Row } from '../../src/runs/csv.js';
import type { Provenance } from '../../src/settings/resolve.js';
import { temporaryDirectory } from '../commands/program.js';

const STEPS = { top1: 12.5, top5: 50.5, lr: 0.05, imagesPerSecond: 1234.5, dataWaitPercent: 0 };
const EPOCH = {
  train_loss: 0.5,
  train_top1: 75.25,
  train_top5: 98,
  eval_loss: 0.25,
  seconds: 60.5,
};
const ROW = { ...EPOCH, eval_top1: 80, eval_top5: 99.5 } as Row;
const SETTINGS: Provenance = {
  lr: { value: 0.05, source: 'recipe' },
  subset: { value: null, source: 'default' },
};
/** A folder with PyPI's tensorboard: npm run test:loggers makes it. */
const PYTHON = process.env['CNN_TEST_LOGGERS'];

describe('the event files of TensorBoard', () => {
  const directory = temporaryDirectory();
  let count = 0;

  async function open(step = 0, settings = SETTINGS, place = `${count++}`) {
    const run = { directory: join(directory.path, place), name: 'lenet5', step, settings };
    return { run, logger: await tensorboardLogger(run, () => 1_700_000_000.5) };
  }

  async function write(ending: Ending, ...steps: readonly number[]) {
    const { run, logger } = await open();
    for (const step of steps) logger.onSteps({ step, loss: step, ...STEPS });
    await logger.onEnd(ending);
    return run.directory;
  }

  async function onlyFile(folder: string): Promise<string> {
    const [name = '', ...others] = await readdir(folder);
    assert.deepEqual(others, []);
    return join(folder, name);
  }

  it('have the bytes that TensorBoard writes itself', async () => {
    const { run, logger } = await open();
    logger.onSteps({ step: 50, loss: 2.25, ...STEPS });
    await logger.onEpoch({ ...ROW, step: 3_000_000_000 }, []);
    await logger.onEnd('finished');
    const expected = await readFile(join(PACKAGE_ROOT, 'test/loggers/expected.tfevents'));
    assert.deepEqual(await readFile(await onlyFile(run.directory)), expected);
  });

  it('hold every event as soon as it happened', async () => {
    const { run, logger } = await open();
    const file = await onlyFile(run.directory);
    const sizes = [(await readFile(file)).byteLength];
    for (const step of [1, 2]) {
      logger.onSteps({ step, loss: 1, ...STEPS });
      sizes.push((await readFile(file)).byteLength);
    }
    const [begun = 0, one = 0, two = 0] = sizes;
    assert.ok(begun > 0 && one > begun && two - one === one - begun, `${sizes}`);
    await logger.onEnd('stopped');
  });

  it('are not written through a link', async () => {
    await mkdir(join(directory.path, 'elsewhere'));
    await symlink(join(directory.path, 'elsewhere'), join(directory.path, 'link'));
    await assert.rejects(open(0, SETTINGS, 'link'), /link to be a directory but it is a link/);
    assert.deepEqual(await readdir(join(directory.path, 'elsewhere')), []);
  });

  describe('read by TensorBoard', function () {
    this.timeout(120_000);
    before(function () {
      if (PYTHON === undefined) this.skip();
    });

    function read(folder: string) {
      const script = join(PACKAGE_ROOT, 'test/loggers/event_files.py');
      const python = join(PACKAGE_ROOT, PYTHON ?? '', 'bin/python');
      const text = execFileSync(python, [script, 'read', folder], { encoding: 'utf8' });
      return JSON.parse(text.trim().split('\n').at(-1) ?? '') as {
        scalars: Record<string, [number, number][]>;
        hparams: Record<string, unknown>;
      };
    }

    it('say what was logged', async () => {
      const { run, logger } = await open(0, {
        ...SETTINGS,
        nesterov: { value: true, source: 'flag' },
        mean: { value: [0.5, 0.25], source: 'flag' },
      });
      for (let step = 1; step <= 1000; step++) logger.onSteps({ step, loss: 1 / step, ...STEPS });
      await logger.onEpoch({ ...ROW, step: 1000 }, []);
      await logger.onEnd('failed');
      const { scalars, hparams } = read(run.directory);
      assert.equal(scalars['train/loss']?.length, 1000);
      assert.deepEqual(scalars['train/loss']?.at(-1), [1000, Math.fround(1 / 1000)]);
      assert.deepEqual(scalars['validation/top5'], [[1000, 99.5]]);
      assert.deepEqual(hparams, { lr: 0.05, nesterov: true, mean: '0.5,0.25' });
    });

    it('have the steps after a rollback in place of those before it', async () => {
      const folder = await write('finished', 10, 20, 30, 40, 20, 30);
      const { scalars } = read(folder);
      assert.deepEqual(
        scalars['train/loss']?.map(([step]) => step),
        [10, 20, 30],
      );
    });

    it('go on where a resumed run does, and lose a record that was cut off', async () => {
      const folder = await write('stopped', 10, 20, 30);
      const file = await onlyFile(folder);
      await truncate(file, (await readFile(file)).byteLength - 1);
      const run = { directory: folder, name: 'lenet5', step: 20, settings: SETTINGS };
      const logger = await tensorboardLogger(run, () => 1_700_000_100.5);
      for (const step of [25, 35]) logger.onSteps({ step, loss: step, ...STEPS });
      const { scalars } = read(folder);
      assert.deepEqual(
        scalars['train/loss']?.map(([step]) => step),
        [10, 20, 25, 35],
      );
      await logger.onEnd('finished');
    });
  });
});
