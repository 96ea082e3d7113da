import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MPI_PATH } from '../../src/distributed/open-world.js';
import { build, type Ended, PROGRAM, temporaryDirectory } from '../commands/program.js';

const MPIRUN = ['--oversubscribe', '--bind-to', 'none'];
const ENVIRONMENT = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  OMP_WAIT_POLICY: 'passive',
};

/** Why there are no processes to test with. */
function missing(): string | undefined {
  if (!existsSync(MPI_PATH)) return 'cnn was built without MPI (bin/setup --mpi)';
  const { stdout } = spawnSync('mpirun', ['--version'], { encoding: 'utf8' });
  return stdout?.includes('Open MPI') ? undefined : 'there is no mpirun of Open MPI';
}

interface Training {
  readonly args: readonly string[];
  /** What may differ, as a part of the largest value. */
  readonly error: number;
  /** Takes so long that only npm run test:distributed has it. */
  readonly long?: true;
}

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
  // Not explained yet: rounding that decides whether a ReLU lets a value near 0 through would do it.
  'resnet20-cifar with --sync-bn': {
    args: ['resnet20-cifar', '--batch-size', '7', '--max-steps', '1', '--lr', '0.01', '--sync-bn'],
    error: 1e-2,
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

const ALL = process.env['CNN_TEST_DISTRIBUTED'] === '1';

describe('several processes', function () {
  this.timeout(240_000);
  const directory = temporaryDirectory();

  before(async function () {
    const reason = missing();
    if (reason !== undefined) {
      if (process.env['CNN_TEST_ALL'] === '1') throw new Error(reason);
      console.log(`      skipped: ${reason}`);
      this.skip();
    }
    await build();
  });

  async function start(processes: number, args: readonly string[]): Promise<Ended> {
    const own = [process.execPath, PROGRAM, 'train', ...args];
    const command = processes > 1 ? ['mpirun', ...MPIRUN, '-np', `${processes}`, ...own] : own;
    const [program, ...rest] = command as [string, ...string[]];
    const child = spawn(program, rest, { cwd: directory.path, env: ENVIRONMENT });
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
  async function trained(processes: number, name: string, args: readonly string[]) {
    const { code, stdout, stderr } = await start(processes, args);
    assert.equal(code, 0, stdout + stderr);
    const run = join(directory.path, 'runs', name);
    const read = async (file: string) => {
      const bytes = await readFile(join(run, 'checkpoints/last', file));
      return new Float32Array(Uint8Array.from(bytes).buffer);
    };
    const rows = (await readFile(join(run, 'summary.csv'), 'utf8')).trim().split('\n');
    const [header, row] = [rows[0], rows.at(-1)].map((line) => line?.split(',') ?? []);
    const scores = Object.fromEntries((header ?? []).map((key, at) => [key, Number(row?.[at])]));
    return { weights: await read('weights.bin'), state: await read('optimizer.bin'), scores };
  }

  const settings = ([arch, ...rest]: readonly string[], name: string) => [
    ...['--arch', arch as string, '--data', 'synthetic', '--epochs', '1', '--threads', '1'],
    ...['--backend', 'cpu', '--precision', 'f32', '--experiment', name, ...rest],
  ];

  for (const [what, { args, error, long }] of Object.entries(TRAININGS)) {
    if (long && !ALL) continue;
    it(`take the steps of one: ${what}`, async () => {
      const [arch] = args as [string];
      const one = await trained(1, `${arch}-1`, settings(args, `${arch}-1`));
      for (const processes of [2, 3]) {
        const name = `${arch}-${processes}`;
        const found = await trained(processes, name, settings(args, name));
        near(found.state, one.state, error);
        near(found.weights, one.weights, error);
        assert.equal(found.scores['eval_top1'], one.scores['eval_top1']);
      }
    });
  }

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

  it('are refused where there is less to divide', async () => {
    const args = settings(['lenet5', '--batch-size', '2'], 'small');
    const { code, stdout, stderr } = await start(3, args);
    assert.equal(code, 2);
    assert.match(stdout + stderr, /Expected --batch-size.*to be at least 3, the processes/);
  });
});

/** Equal up to a part of the largest value. */
function near(found: Float32Array, expected: Float32Array, part: number): void {
  assert.equal(found.length, expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const error = found.reduce((most, value, at) => {
    return Math.max(most, Math.abs(value - (expected[at] as number)));
  }, 0);
  assert.ok(error <= part * largest, `${error} of ${largest}`);
}
