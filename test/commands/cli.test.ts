import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PACKAGE_ROOT, packageVersion } from '../../src/package-root.js';
import { build, cnn, temporaryDirectory } from './program.js';

describe('the command line', () => {
  before(build);

  it('prints its help in under 0.3 s', async () => {
    const fastest = async (start: () => Promise<unknown>) => {
      const seconds: number[] = [];
      for (let run = 0; run < 5; run++) {
        const before = performance.now();
        await start();
        seconds.push((performance.now() - before) / 1000);
      }
      return Math.min(...seconds);
    };
    const help = await fastest(async () => {
      const { code, stdout } = await cnn(['--help']);
      assert.equal(code, 0);
      assert.match(stdout, /cnn train/);
    });
    // Node alone starts in 0.05 s; a busy or slow machine delays both by the same factor.
    const node = await fastest(() => promisify(execFile)(process.execPath, ['-e', '0']));
    const limit = 0.3 * 1.5 * Math.max(1, node / 0.05);
    assert.ok(help < limit, `took ${help} s, where Node alone takes ${node} s`);
  });

  const usageErrors: readonly [string, readonly string[], RegExp][] = [
    ['no command', [], /Name a command/],
    ['an unknown command', ['trian'], /Unknown command "trian"\. Did you mean "train"\?/],
    [
      'an unknown command with a flag',
      ['trian', '--arch', 'lenet5'],
      /command "trian"\. Did you mean/,
    ],
    ['a group without a command', ['bench'], /Name a command after cnn bench: train, eval or data/],
    ['an unknown command of a group', ['bench', 'trian'], /Did you mean "train"\?/],
    [
      'an unknown flag',
      ['train', '--bacth-size', '3'],
      /--bacth-size\. Did you mean "--batch-size"\?/,
    ],
    ['a flag without a value', ['train', '--lr'], /^error: Expected a number above 0 after --lr$/m],
    ['a superfluous word', ['train', 'lenet5', 'mnist', 'vgg16'], /Unexpected argument "vgg16"/],
    [
      'a word too many',
      ['data', 'check', 'mnist', 'x'],
      /Unexpected argument "x": words stand for --data/,
    ],
    [
      'an unknown flag of one letter',
      ['train', '-x', '3'],
      /Unknown flag -x\. See cnn train --help/,
    ],
    [
      'a flag of another command',
      ['archs', '--epochs', '3'],
      /Unknown flag --epochs\. See cnn archs/,
    ],
    ['a flag like a shorter one', ['train', '--modle', 'x'], /--modle\. Did you mean "--model"\?/],
    [
      "a flag of timm's",
      ['train', '--warmup-lr', '1e-5'],
      /--warmup-lr: give --lr-warmup-decay, a share of --lr/,
    ],
    [
      'a backend for a GPU',
      ['train', '--device', 'cuda'],
      /^error: Expected --device to be a whole number of at least 0 but received "cuda": --backend chooses between GPU and processor/m,
    ],
    ['no images', ['predict'], /Name the images: cnn predict \[run\] <images\.\.>\./],
    ['an empty word', ['predict', ''], /An argument is empty/],
    ['no shell', ['completion'], /Name the shell: cnn completion <shell>/],
    ['a mistyped flag of all commands', ['--verison'], /Unknown flag --verison\..* "--version"\?/],
    ['a flag before its command', ['--lr', '1', 'train'], /Expected the command before --lr/],
    ['a misspelled command of a group', ['data', 'chek', 'x', '--json'], /"chek".*"check"\?/],
    ['a long flag with one dash', ['train', '-lr', '1'], /Unknown flag -lr\. .*"--lr"\?/],
    ['a word for true', ['train', '--nesterov=yes'], /--nesterov to be true or false .*"yes"/],
    [
      'a value of a flag that is off',
      ['train', '--no-nesterov=1'],
      /--no-nesterov without a value/,
    ],
    ['no value before a flag', ['train', '--arch', '--lr', '1'], /Expected a value after --arch/],
    [
      "timm's rate of warm-up with an underscore",
      ['train', '--warmup_lr', '1e-5'],
      /--warmup_lr: give --lr-warmup-decay/,
    ],
    ['no network', ['train', '--data', 'mnist'], /--arch is missing/],
    ['no data', ['train', '--arch', 'lenet5'], /--data is missing/],
    ['no checkpoint', ['eval', '--data', 'mnist'], /--checkpoint is missing/],
    [
      'a text for a number',
      ['train', '--batch-size', 'many'],
      /^error: Expected --batch-size to be a whole number above 0 but received "many"$/m,
    ],
    [
      'a number out of range',
      ['train', '--momentum', '1'],
      /of at least 0 and below 1 but received 1/,
    ],
    ['a negative number', ['train', '--lr', '-1'], /Expected --lr to be a number above 0/],
    ['an unknown choice', ['train', '--backend', 'gpu'], /one of auto, cuda, cpu, tensorflow, js/],
    ['a backend that is not there', ['train', '--backend', 'tpu'], /one of auto, cuda, cpu.*"tpu"/],
    [
      'an unknown network',
      ['train', '--arch', 'lenet6', '--data', 'mnist'],
      /lenet6.*Did you mean "lenet5"\?/,
    ],
  ];
  for (const [what, args, message] of usageErrors) {
    it(`ends with exit code 2 on ${what}`, async () => {
      const { code, stdout, stderr } = await cnn(args);
      assert.match(stderr, message);
      assert.equal(code, 2);
      assert.equal(stdout, '');
    });
  }

  it('shows the stack of an error only with --verbose', async () => {
    const args = ['train', '--arch', 'lenet5', '--data', 'mnist', '--epochs', '0'];
    assert.doesNotMatch((await cnn(args)).stderr, /\n\s+at /);
    assert.match((await cnn([...args, '--verbose'])).stderr, /\n\s+at /);
  });

  it('lists the networks for people and for programs', async () => {
    assert.match((await cnn(['archs'])).stdout, /^lenet5 .* 61,706 /m);
    const { stdout } = await cnn(['archs', '--json']);
    const list = JSON.parse(stdout) as { name: string; parameters: number; macs: number }[];
    const lenet5 = list.find(({ name }) => name === 'lenet5');
    assert.deepEqual([lenet5?.parameters, lenet5?.macs], [61706, 416520]);
  });

  it('lets the doctor report on every backend', async () => {
    const { code, stdout } = await cnn(['doctor', '--json']);
    const { backends } = JSON.parse(stdout) as { backends: { name: string; usable: boolean }[] };
    assert.equal(code, 0);
    assert.deepEqual(
      backends.map(({ name }) => name),
      ['cuda', 'cpu', 'tensorflow', 'js'],
    );
    assert.match((await cnn(['doctor'])).stdout, /works {4}js/);
  });

  it('has the version and the remedies of its own package where it is installed', async () => {
    const project = join(await mkdtemp(join(tmpdir(), 'cnn-test-')), 'project');
    try {
      const installed = join(project, 'node_modules/cnn');
      await build();
      for (const part of [
        'bin',
        'dist',
        'package.json',
        'src/data/layouts/labels/imagenet-words.txt',
      ]) {
        await cp(join(PACKAGE_ROOT, part), join(installed, part), { recursive: true });
      }
      await symlink(join(PACKAGE_ROOT, 'node_modules'), join(installed, 'node_modules'));
      await writeFile(join(project, 'package.json'), '{"name": "mine", "version": "9.9.9"}');
      const program = join(installed, 'bin/cnn.js');
      const run = async (argument: string) =>
        (await promisify(execFile)(process.execPath, [program, argument], { cwd: project })).stdout;
      const version = await run('--version');
      assert.equal(version.trim(), packageVersion());
      assert.notEqual(version.trim(), '9.9.9');
      const doctor = await run('doctor');
      assert.match(
        doctor,
        /^missing {2}tensorflow: .*\n +to fix it: node_modules\/cnn\/bin\/setup --tensorflow$/m,
      );
      assert.match(doctor, /^missing {2}cpu: .*\n +to fix it: node_modules\/cnn\/bin\/setup$/m);
    } finally {
      await rm(project, { recursive: true, force: true });
    }
  });

  describe('with files', () => {
    const directory = temporaryDirectory();

    it('ends with exit code 3 where there is no data', async () => {
      const data = join(directory.path, 'nowhere');
      const { code, stderr } = await cnn(['train', '--arch', 'lenet5', '--data', data]);
      assert.match(stderr, /nowhere/);
      assert.equal(code, 3);
    });

    it('ends with exit code 3 where there is no run to resume', async () => {
      const { code, stderr } = await cnn(['train', '--resume', join(directory.path, 'run')]);
      assert.match(stderr, /run is no run: it does not exist/);
      assert.equal(code, 3);
    });
  });

  it('measures training steps', async () => {
    const size = ['--batch-size', '2', '--input-size', '12', '--num-classes', '3'];
    const count = ['--steps', '3', '--warmup', '1', '--backend', 'js', '--json'];
    const { code, stdout } = await cnn(['bench', 'train', '--arch', 'lenet5', ...size, ...count]);
    assert.equal(code, 0);
    const result = JSON.parse(stdout) as Record<string, number>;
    assert.equal(result['steps'], 3);
    for (const key of ['images_per_second', 'milliseconds_per_step', 'peak_bytes'] as const) {
      assert.ok((result[key] ?? 0) > 0, key);
    }
    assert.ok((result['javascript_milliseconds_per_step'] ?? 0) > 0);
    assert.ok((result['data_wait_percent'] ?? 100) < 50);
  });
});
