import assert from 'node:assert/strict';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeImages } from './images.js';
import { cnn, type Ended, temporaryDirectory } from './program.js';

/** 18 images in batches of 4: 4 steps in an epoch, 12 in all. */
const SMALL = ['--arch', 'lenet5', '--input-size', '12', '--batch-size', '4', '--epochs', '3'];
const QUICK = ['--backend', 'js', '--workers', '1', '--print-freq', '3'];
const COLUMNS =
  'epoch,step,train_loss,eval_loss,eval_top1,eval_top5,lr,train_top1,train_top5,' +
  'images_per_second,data_wait_percent,seconds,steps';

/** Columns that measure time. */
const TIMES = ['images_per_second', 'data_wait_percent', 'seconds'];

describe('cnn train', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();
  let data = '';
  let ended: Ended;

  const at = (...names: string[]) => join(directory.path, ...names);
  const train = (experiment: string, ...more: string[]) =>
    cnn([
      ...['train', '--data', data, '--output', at('runs'), '--experiment', experiment],
      ...SMALL,
      ...QUICK,
      ...more,
    ]);
  const last = (run: string, file: string) => readFile(at('runs', run, 'checkpoints/last', file));

  /** summary.csv without the columns that measure time. */
  async function timelessSummary(run: string): Promise<string[]> {
    const text = await readFile(at('runs', run, 'summary.csv'), 'utf8');
    return text.split('\n').map((row) =>
      row
        .split(',')
        .filter((_, column) => !TIMES.includes(COLUMNS.split(',')[column] ?? ''))
        .join(),
    );
  }

  async function assertSameRun(run: string): Promise<void> {
    for (const file of ['weights.bin', 'optimizer.bin']) {
      assert.ok((await last(run, file)).equals(await last('whole', file)), file);
    }
    assert.deepEqual(await timelessSummary(run), await timelessSummary('whole'));
  }

  before(async () => {
    data = at('data');
    await writeImages(data);
    ended = await train('whole');
  });

  it('ends with the accuracy of the last epoch on stdout', async () => {
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /\n \* Acc@1 \d+\.\d{3} Acc@5 \d+\.\d{3}\n$/);
    assert.match(ended.stderr, /^epoch 1\/3 step 3\/4 loss \d/m);
  });

  it('writes a row of summary.csv for each epoch', async () => {
    const text = await readFile(at('runs/whole/summary.csv'), 'utf8');
    const [header, ...rows] = text.trim().split('\n');
    assert.equal(header, COLUMNS);
    assert.deepEqual(
      rows.map((row) => [row.split(',')[0], row.split(',')[12]]),
      [
        ['1', '4'],
        ['2', '8'],
        ['3', '12'],
      ],
    );
    for (const row of rows) assert.match(row, /^[\d.,e-]+$/);
  });

  it('writes every setting and where it came from into run.json', async () => {
    const record = JSON.parse(await readFile(at('runs/whole/run.json'), 'utf8'));
    assert.deepEqual(record.settings['batch-size'], { value: 4, source: 'flag' });
    const { where: _, ...momentum } = record.settings.momentum;
    assert.deepEqual(momentum, { value: 0.9, source: 'recipe' });
    assert.deepEqual(record.settings.seed, { value: 0, source: 'default' });
    assert.equal(record.backend.name, 'js');
    assert.deepEqual(record.data.classes, ['class0', 'class1', 'class2']);
    assert.match(record.data.fingerprint, /./);
    assert.equal(record.versions.tfjs, '4.22.0');
  });

  it('keeps checkpoints that evaluate to the same numbers', async () => {
    const closing = ended.stdout.trimEnd().split('\n').at(-1);
    const quick = ['--backend', 'js', '--workers', '1'];
    const { code, stdout, stderr } = await cnn([
      ...['eval', '--checkpoint', at('runs/whole'), '--data', data],
      ...quick,
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout.trimEnd().split('\n').at(-1), closing);
    const { progress } = JSON.parse(String(await last('whole', 'state.json')));
    const json = await cnn(['eval', '--checkpoint', at('runs/whole'), '--json', ...quick]);
    const result = JSON.parse(json.stdout);
    for (const key of ['loss', 'top1', 'top5', 'images']) {
      assert.equal(result[key], progress.last[key], key);
    }
  });

  it('names the classes of images', async () => {
    const images = [join(data, 'val/class0/0.png'), join(data, 'val/class2/1.png')];
    const { code, stdout } = await cnn([
      ...['predict', '--checkpoint', at('runs/whole/checkpoints/best'), '--backend', 'js'],
      ...['--json', '--logits', ...images],
    ]);
    assert.equal(code, 0);
    const list = JSON.parse(stdout) as {
      file: string;
      top: { class: number; label: string; probability: number }[];
      logits: number[];
    }[];
    assert.deepEqual(
      list.map(({ file }) => file),
      images,
    );
    for (const { top, logits } of list) {
      assert.equal(logits.length, 3);
      const [best] = top;
      assert.equal(best?.label, `class${logits.indexOf(Math.max(...logits))}`);
      const sum = top.reduce((total, { probability }) => total + probability, 0);
      assert.ok(Math.abs(sum - 1) < 1e-6);
    }
  });

  it('gives the same run for the same seed, and prints one JSON value with --json', async () => {
    const { stdout } = await train('again', '--json');
    const result = JSON.parse(stdout);
    assert.equal(result.run, at('runs/again'));
    assert.equal(result.steps, 12);
    await assertSameRun('again');
  });

  it('continues after --max-steps as if it had not stopped', async () => {
    assert.equal((await train('steps', '--max-steps', '6')).code, 0);
    const { code, stderr } = await cnn([
      ...['train', '--resume', at('runs/steps'), '--max-steps', '12'],
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /changed: max-steps is 12/);
    await assertSameRun('steps');
  });

  it('saves on Ctrl-C, exits with 130 and resumes as if it had not stopped', async () => {
    let asked = false;
    const interrupt = ['train', '--data', data, '--output', at('runs'), '--experiment', 'ctrl-c'];
    const stopped = await cnn([...interrupt, ...SMALL, ...QUICK, '-p', '1'], (child, stderr) => {
      if (!asked && stderr.includes('epoch 2/3 step 1/4')) {
        asked = true;
        child.kill('SIGINT');
      }
    });
    assert.equal(stopped.code, 130, stopped.stderr);
    assert.match(
      stopped.stderr,
      /Stopped by SIGINT in epoch 2 .*\nResume with: cnn train --resume/,
    );
    const resumed = await cnn(['train', '--resume', at('runs/ctrl-c'), '-p', '3']);
    assert.equal(resumed.code, 0, resumed.stderr);
    await assertSameRun('ctrl-c');
  });

  it('exits with 143 on SIGTERM, after saving', async () => {
    let asked = false;
    const args = ['train', '--data', data, '--output', at('runs'), '--experiment', 'sigterm'];
    const { code } = await cnn([...args, ...SMALL, ...QUICK, '-p', '1'], (child, stderr) => {
      if (!asked && stderr.includes('step 1/4')) {
        asked = true;
        child.kill('SIGTERM');
      }
    });
    assert.equal(code, 143);
    assert.ok((await last('sigterm', 'state.json')).length > 0);
  });

  it('stops with exit code 4 when the loss is no longer a number, and saves nothing', async () => {
    const { code, stderr } = await train('diverged', '--lr', '1e30');
    assert.equal(code, 4);
    assert.match(stderr, /between step 1 and step 3, with learning rate/);
    await assert.rejects(last('diverged', 'state.json'));
  });

  it('refuses an output that cannot be written, before it trains', async () => {
    await writeFile(at('file'), '');
    const output = ['--output', at('file/runs')];
    const { code, stderr } = await cnn(['train', '--data', data, ...SMALL, ...QUICK, ...output]);
    assert.match(stderr, /Cannot write the run to .*file\/runs/);
    assert.doesNotMatch(stderr, /step 1/);
    assert.equal(code, 2);
  });

  it('refuses a name that is taken, and batches larger than the training set', async () => {
    const taken = await train('whole');
    assert.match(taken.stderr, /exists already/);
    assert.equal(taken.code, 2);
    const large = await train('large', '--batch-size', '19');
    assert.match(large.stderr, /Expected --batch-size to be at most 18.*but received 19/);
    assert.equal(large.code, 2);
  });

  it('takes settings from a file, and refuses unknown ones', async () => {
    await writeFile(at('good.json'), '{"batch-size": 6, "lr": 0.01, "max-steps": 1}');
    const good = await train('config', '--config', at('good.json'), '--lr', '0.02');
    assert.equal(good.code, 0, good.stderr);
    const { settings } = JSON.parse(await readFile(at('runs/config/run.json'), 'utf8'));
    assert.deepEqual(settings['max-steps'], {
      value: 1,
      source: 'config',
      where: `${at('good.json')}:1`,
    });
    assert.deepEqual(settings.lr, { value: 0.02, source: 'flag' });
    await writeFile(at('bad.json'), '{"batchsize": 6}');
    const bad = await train('bad', '--config', at('bad.json'));
    assert.match(bad.stderr, /Unknown setting "batchsize" in .*Did you mean "batch-size"\?/);
    assert.equal(bad.code, 2);
  });

  it('counts an image that cannot be read as wrong, names it, and trains without it', async () => {
    await writeImages(at('broken'));
    const images = [at('broken/train/class0/0.png'), at('broken/val/class1/0.png')];
    for (const image of images) await truncate(image, 60);
    const { code, stdout, stderr } = await cnn([
      ...['train', '--data', at('broken'), '--output', at('runs'), '--experiment', 'broken'],
      ...[
        ...SMALL,
        ...QUICK,
        '--epochs',
        '1',
        '--batch-size',
        '18',
        '--max-bad-images',
        '0.2',
        '--json',
      ],
    ]);
    assert.equal(code, 0, stderr);
    for (const image of images) assert.ok(stderr.includes(image), image);
    assert.equal(JSON.parse(stdout).images, 6);
  });

  describe('with a checkpoint that does not fit', () => {
    const evaluate = (...args: string[]) => cnn(['eval', '--backend', 'js', ...args]);

    it('refuses another architecture', async () => {
      const run = ['--checkpoint', at('runs/whole')];
      const { code, stderr } = await evaluate(...run, '--arch', 'alexnet');
      assert.match(stderr, /Expected a checkpoint of alexnet but .* is one of lenet5/);
      assert.equal(code, 3);
    });

    it('refuses other classes', async () => {
      await writeImages(at('two'), { classes: 2, train: 1, val: 1 });
      const run = ['--checkpoint', at('runs/whole')];
      const { code, stderr } = await evaluate(...run, '--data', at('two'));
      assert.match(stderr, /was trained on 3 classes but .* has 2/);
      assert.equal(code, 3);
      const resumed = await cnn(['train', '--resume', at('runs/whole'), '--data', at('two')]);
      assert.match(resumed.stderr, /is not the data/);
      assert.equal(resumed.code, 3);
    });

    it('refuses one that is missing or truncated, or whose bytes changed', async () => {
      const missing = await evaluate('--checkpoint', at('runs/nowhere'));
      assert.match(missing.stderr, /No such checkpoint: .*nowhere/);
      assert.equal(missing.code, 3);
      const weights = at('runs/again/checkpoints/last/weights.bin');
      const content = await readFile(weights);
      const changed = Buffer.from(content);
      changed[100] = (changed[100] ?? 0) ^ 1;
      for (const [bytes, message] of [
        [changed, /content of weights\.bin is not what was written/],
        [content.subarray(0, 1000), /weights\.bin has 1000 bytes and should have/],
      ] as const) {
        await writeFile(weights, bytes);
        const { code, stderr } = await evaluate('--checkpoint', at('runs/again'));
        assert.match(stderr, message);
        assert.equal(code, 3);
      }
      await truncate(at('runs/again/checkpoints/last/state.json'), 50);
      const { code, stderr } = await evaluate('--checkpoint', at('runs/again'));
      assert.match(stderr, /state\.json is not whole JSON; try checkpoints\/best/);
      assert.equal(code, 3);
    });

    it('does not resume a run with another batch size', async () => {
      const { code, stderr } = await cnn(['train', '--resume', at('runs/whole'), '-b', '2']);
      assert.match(stderr, /--batch-size cannot change from 4 to 2/);
      assert.equal(code, 2);
    });
  });
});
