import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { familyOf } from '../../src/distributed/mpi-families.js';
import { findMpi } from '../../src/distributed/open-world.js';
import { build, type Ended, PROGRAM, temporaryDirectory } from '../commands/program.js';
import { ALL, mpiEnvironment, mpirun, needsMpi } from './mpi.js';

interface Training {
  readonly args: readonly string[];
  /** What may differ, as a part of the largest value. */
  readonly error: number;
  /** The network amplifies rounding: so many times as far apart as one process on other kernels. */
  readonly amplified?: true;
  /** Takes so long that only npm run test:distributed has it. */
  readonly long?: true;
}

/** How much further processes may be from one than other kernels are, where rounding is amplified. */
const AMPLIFIED = 10;

/** Trainings of a few steps in which everything random, uneven and summed takes part. */
const TRAININGS: Readonly<Record<string, Training>> = {
  'lenet5, in batches of 31': {
    args: ['lenet5', '--batch-size', '31', '--max-steps', '4'],
    error: 1e-4,
  },
  'alexnet with dropout and colours of PCA': {
    args: [
      ...['alexnet', '--batch-size', '7', '--max-steps', '2', '--color-pca', '0.1', '--lr', '0.01'],
      ...['--input-size', '67', '--train-resize-size', '70', '--lr-warmup-steps', '0'],
    ],
    error: 1e-4,
    long: true,
  },
  // In batches of 6, one process differs from itself on generic kernels by 2e-3: rounding decides
  // which side of a ReLU some values are on, and batch normalisation of few images amplifies it.
  'resnet20-cifar with --sync-bn': {
    args: ['resnet20-cifar', '--batch-size', '6', '--max-steps', '1', '--lr', '0.01', '--sync-bn'],
    error: 1e-4,
    amplified: true,
    long: true,
  },
  'googlenet with its heads': {
    args: [
      ...['googlenet', '--batch-size', '5', '--max-steps', '2', '--lr', '0.001'],
      ...['--input-size', '128'],
    ],
    error: 1e-3,
    long: true,
  },
};

describe('several processes', function () {
  this.timeout(240_000);
  const directory = temporaryDirectory();

  before(async function () {
    needsMpi(this);
    await build();
  });

  /** The same on one process, whose kernels round otherwise. */
  function otherKernels(arch: string, args: readonly string[]) {
    const name = `${arch}-generic`;
    return trained(1, name, settings(args, name), { CNN_MAX_ISA: 'generic' });
  }

  async function start(
    processes: number,
    args: readonly string[],
    more: NodeJS.ProcessEnv = {},
    command: readonly string[] = ['train'],
  ): Promise<Ended> {
    const own = [process.execPath, PROGRAM, ...command, ...args];
    const words = processes > 1 ? mpirun(processes, own) : own;
    const [program, ...rest] = words as [string, ...string[]];
    const child = spawn(program, rest, {
      cwd: directory.path,
      env: { ...process.env, ...mpiEnvironment(), ...more },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr }));
    });
  }

  /** The weights and what the optimizer keeps after a training, and the row of its epoch. */
  async function trained(
    processes: number,
    name: string,
    args: readonly string[],
    more: NodeJS.ProcessEnv = {},
  ) {
    const { code, stdout, stderr } = await start(processes, args, more);
    assert.equal(code, 0, stdout + stderr);
    const run = join(directory.path, 'runs', name);
    const read = async (file: string) => {
      const bytes = await readFile(join(run, 'checkpoints/last', file));
      return new Float32Array(Uint8Array.from(bytes).buffer);
    };
    const rows = (await readFile(join(run, 'summary.csv'), 'utf8')).trim().split('\n');
    const [header, row] = [rows[0], rows.at(-1)].map((line) => line?.split(',') ?? []);
    const scores = Object.fromEntries((header ?? []).map((key, at) => [key, Number(row?.[at])]));
    const [, sent = ''] = /each step sent ([\d,]+) bytes/.exec(stderr) ?? [];
    return {
      weights: await read('weights.bin'),
      state: await read('optimizer.bin'),
      scores,
      sent: Number(sent.replaceAll(',', '')),
    };
  }

  const settings = ([arch, ...rest]: readonly string[], name: string) => [
    ...['--arch', arch as string, '--data', 'synthetic', '--epochs', '1', '--threads', '1'],
    ...['--backend', 'cpu', '--precision', 'f32', '--experiment', name, ...rest],
  ];

  for (const [what, { args, error, amplified, long }] of Object.entries(TRAININGS)) {
    if (long && !ALL) continue;
    it(`take the steps of one: ${what}`, async () => {
      const [arch] = args as [string];
      const one = await trained(1, `${arch}-1`, settings(args, `${arch}-1`));
      const other = amplified && (await otherKernels(arch, args));
      const allowed = (kind: 'state' | 'weights') => {
        return other ? Math.max(error, AMPLIFIED * distance(other[kind], one[kind])) : error;
      };
      for (const processes of [2, 3]) {
        const name = `${arch}-${processes}`;
        const found = await trained(processes, name, settings(args, name));
        near(found.state, one.state, allowed('state'));
        near(found.weights, one.weights, allowed('weights'));
        assert.equal(found.scores['eval_top1'], one.scores['eval_top1']);
      }
    });
  }

  describe('that each compute a half of every layer', () => {
    const narrow = [
      ...['alexnet', '--arch-options', 'width=0.125', '--batch-size', '7', '--max-steps', '4'],
      ...['--input-size', '67', '--train-resize-size', '70', '--color-pca', '0.1'],
      ...['--lr', '0.01', '--lr-warmup-steps', '0'],
    ];
    const divided = ['--model-parallel', '2'];
    let one: Awaited<ReturnType<typeof trained>>;

    before(async () => {
      one = await trained(1, 'undivided', settings(narrow, 'undivided'));
    });

    it('take the steps of one, by fewer bytes than gradients have', async () => {
      const halves = await trained(2, 'halves', [...settings(narrow, 'halves'), ...divided]);
      near(halves.weights, one.weights, 1e-4);
      near(halves.state, one.state, 1e-4);
      assert.equal(halves.scores['eval_top1'], one.scores['eval_top1']);
      // Channels at the borders of both normalisations, and what is joined before conv3, fc6, fc7
      // and fc8: forward and backward, but for fc8, which both processes have.
      const borders = 2 * (2 * 16 ** 2 + 2 * 7 ** 2);
      const joined = 2 * (16 * 3 ** 2 + 16 * 1 ** 2 + 256) + 256;
      assert.equal(halves.sent, 4 * 7 * (borders + joined));
      const batches = await trained(2, 'batches', settings(narrow, 'batches'));
      assert.equal(batches.sent, 4 * (one.weights.length + 4));
      assert.ok(halves.sent < batches.sent);
    });

    it('take those of a network without groups', async () => {
      const whole = ['alexnet-1gpu', ...narrow.slice(1)];
      const alone = await trained(1, 'whole-1gpu', settings(whole, 'whole-1gpu'));
      const found = await trained(2, 'halves-1gpu', [
        ...settings(whole, 'halves-1gpu'),
        ...divided,
      ]);
      near(found.weights, alone.weights, 1e-4);
      near(found.state, alone.state, 1e-4);
    });

    it('resume what one process has begun, and one what they have', async () => {
      const half = narrow.with(narrow.indexOf('4'), '2');
      const runs = join(directory.path, 'runs');
      await trained(1, 'begun', settings(half, 'begun'));
      await trained(2, 'begun2', [...settings(half, 'begun2'), ...divided]);
      const more = (name: string) => ['--resume', join(runs, name), '--max-steps', '4'];
      near((await trained(2, 'begun', [...more('begun'), ...divided])).weights, one.weights, 1e-4);
      near((await trained(1, 'begun2', more('begun2'))).weights, one.weights, 1e-4);
    });

    it('are refused where they are not two, or cannot divide it', async () => {
      const refused = async (processes: number, args: readonly string[], words: RegExp) => {
        const { code, stdout, stderr } = await start(processes, [...args, ...divided]);
        assert.match(stdout + stderr, words);
        assert.equal(code, 2);
      };
      await refused(1, settings(narrow, 'lone'), /Expected 2 processes .* there is one process/);
      await refused(3, settings(narrow, 'three'), /Expected 2 processes .* there are 3 processes/);
      await refused(2, settings(['lenet5'], 'lenet'), /divides alexnet .* received --arch lenet5/);
      const clipped = settings([...narrow, '--clip-grad-norm', '1'], 'clipped');
      await refused(2, clipped, /cannot train with --clip-grad-norm as it is set/);
    });
  });

  it('give the same bits again, also after a resume', async () => {
    const training = ['lenet5', '--batch-size', '30', '--max-steps', '4'];
    const whole = await trained(2, 'whole', settings(training, 'whole'));
    const half = settings(['lenet5', '--batch-size', '30', '--max-steps', '2'], 'half');
    await trained(2, 'half', half);
    const runs = join(directory.path, 'runs');
    await cp(join(runs, 'half'), join(runs, 'other'), { recursive: true });
    const more = (name: string) => ['--resume', join(runs, name), '--max-steps', '4'];
    const resumed = await trained(2, 'half', more('half'));
    assert.deepEqual(resumed.weights, whole.weights);
    assert.deepEqual(resumed.state, whole.state);
    // Another number of processes goes on, up to rounding.
    near((await trained(1, 'other', more('other'))).weights, whole.weights, 1e-4);
  });

  it('say how long a step waits for sums that computing does not hide', async () => {
    const args = ['--steps', '4', '--warmup', '2', '--batch-size', '9', '--threads', '1'];
    const words = ['--arch', 'lenet5', ...args, '--profile', '--json'];
    const { code, stdout, stderr } = await start(2, words, {}, ['bench', 'train']);
    assert.equal(code, 0, stderr);
    const { batch_size: images, processes, profile } = JSON.parse(stdout);
    assert.deepEqual([images, processes], [9, 2]);
    const { sums, kernels, milliseconds_per_step: step } = profile;
    const waits = kernels.find(({ kernel }: { kernel: string }) => kernel === 'AllReduceWait');
    assert.equal(sums.exposed_milliseconds, waits.milliseconds);
    assert.ok(sums.exposed_milliseconds > 0 && sums.exposed_milliseconds < step, stdout);
    // Every weight once, and the four counters of the loss.
    assert.equal(Math.round((sums.gigabytes * 1e9) / 4), 61706 + 4);
  });

  it('are refused where the launcher of another MPI has started them', async () => {
    const ours = familyOf((findMpi() as { library: string }).library)?.name;
    for (const rank of [0, 1]) {
      const other =
        ours === 'MPICH'
          ? { OMPI_COMM_WORLD_RANK: `${rank}`, OMPI_COMM_WORLD_SIZE: '2' }
          : { PMI_RANK: `${rank}`, PMI_SIZE: '2' };
      const { code, stderr } = await start(1, settings(['lenet5'], 'lone'), other);
      const refused = new RegExp(
        `^rank 0 of 2 \\(.*\\): error: mpi.* has started 2 processes, but cnn was built with ${ours} .*: start them by mpirun of ${ours}, or by cnn launch\n$`,
      );
      assert.match(stderr, rank === 0 ? refused : /^$/);
      assert.equal(code, 1);
    }
  });

  it('are refused where there is less to divide', async () => {
    const args = settings(['lenet5', '--batch-size', '2'], 'small');
    const { code, stdout, stderr } = await start(3, args);
    assert.equal(code, 2);
    assert.match(stdout + stderr, /Expected --batch-size.*to be at least 3, the processes/);
  });
});

/** Equal up to a part of the largest value. */
function near(found: Float32Array, expected: Float32Array, part: number): void {
  const far = distance(found, expected);
  assert.ok(far <= part, `${far} is above ${part}`);
}

/** The largest difference, as a part of the largest value. */
function distance(found: Float32Array, expected: Float32Array): number {
  assert.equal(found.length, expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const error = found.reduce((most, value, at) => {
    return Math.max(most, Math.abs(value - (expected[at] as number)));
  }, 0);
  return error / largest;
}
