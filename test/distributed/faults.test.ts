/** Processes that die, hang or differ: all end soon, with one sentence, and the run goes on. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { writeImages } from '../commands/images.js';
import { build, type Ended, PROGRAM, temporaryDirectory } from '../commands/program.js';
import { canMount, shell } from '../commands/shell.js';
import { ALL, mpiEnvironment, mpirunEach, needsMpi, rankIn } from './mpi.js';

const KILLS = Number(process.env['CNN_TEST_KILLS'] ?? 30);
const TRAIN =
  'train --data data --arch lenet5 --input-size 12 --batch-size 6 --backend cpu --precision f32 --threads 1 --workers 1';

describe('faults of several processes', function () {
  this.timeout(900_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  const run = (script: string) => shell(variables + script, directory.path);
  let variables = '';

  before(async function () {
    needsMpi(this);
    const pairs = Object.entries(mpiEnvironment());
    variables = pairs.map(([name, value]) => `export ${name}=${value}; `).join('');
    await build();
    await writeImages(at('data'));
    await writeImages(at('other'), { train: 7 });
  });

  /** Trains on ranks that are each given arguments of their own. */
  const differently = (...ranks: readonly string[]) => {
    return run(mpirunEach(ranks.map((args) => `"$NODE" ${args}`)));
  };
  const own = (args = '') => `"$PROGRAM" ${TRAIN} ${args}`;

  it('end all where one trains with another setting', async () => {
    const ended = await differently(own('--epochs 1'), own('--epochs 1 --lr 0.5'));
    oneSentence(ended, 2, /--lr is 0\.\d+ on rank 0 of 2 \(.*\) and 0\.5 on rank 1 of 2 \(/);
  });

  it('end all where one measures with another setting', async () => {
    const bench = '"$PROGRAM" bench train --arch lenet5 --backend cpu --threads 1 --batch-size 6';
    const ended = await differently(`${bench} --steps 3`, `${bench} --steps 4`);
    oneSentence(ended, 2, /--steps is 3 on rank 0 of 2 \(.*\) and 4 on rank 1 of 2 \(/);
    const own = await differently(`${bench} --steps 3 --profile`, `${bench} --steps 3`);
    assert.equal(own.code, 0, own.stderr);
  });

  it('end all where one would compute other weights', async () => {
    const ended = await run(
      mpirunEach([`"$NODE" ${own()}`, `env CNN_MAX_ISA=generic "$NODE" ${own()}`]),
    );
    oneSentence(ended, 2, /fuse .*CNN_MAX_ISA=generic.* is true on rank 0 .* false on rank 1 of 2/);
  });

  it('end all where one is stuck, and name it with the step', async () => {
    const ended = await launched(
      'stuck',
      2,
      '--epochs 3000 --dist-timeout 2',
      async (pids, over) => {
        while (!over() && !existsSync(at('runs/stuck/checkpoints/last'))) await delay(20);
        if (!over()) process.kill(pids()[1] as number, 'SIGSTOP');
      },
    );
    oneSentence(
      ended,
      1,
      /Nothing came from rank 1 of 2 \(.*\) for 2 s .*step \d+.*--resume runs\/stuck/,
    );
    const { code, stderr } = await run(
      `"$NODE" "$PROGRAM" train --resume runs/stuck --max-steps ${(await stepOf('stuck')) + 2}`,
    );
    assert.equal(code, 0, stderr);
  });

  if (!ALL) return;

  it('count every image of an evaluation once, those that cannot be read too', async () => {
    await writeImages(at('damaged'), { val: 3 });
    await writeFile(at('damaged/train/class1/1.png'), 'no image');
    await writeFile(at('damaged/val/class2/0.png'), '');
    const training = TRAIN.replace('--data data', '--data damaged');
    const all = `${training} --epochs 1 --max-bad-images 0.5 --json`;
    const scores = async (start: string, name: string) => {
      const { code, stdout, stderr } = await run(`${start} ${all} --experiment ${name}`);
      assert.equal(code, 0, stderr);
      const { images, top1, steps } = JSON.parse(stdout);
      return { images, top1, steps };
    };
    const one = await scores('cnn', 'one');
    assert.equal(one.images, 9);
    for (const processes of [2, 4]) {
      const found = await scores(`cnn launch -n ${processes} --`, `several${processes}`);
      assert.deepEqual(found, one);
    }
  });

  it('end all where one has other data', async () => {
    const ended = await differently(own(), own().replace('--data data', '--data other'));
    oneSentence(ended, 3, /the fingerprint of the data is "\w+" on rank 0 .* on rank 1 of 2 \(/);
  });

  it('end all where one cannot read its data', async () => {
    const missing = own().replace('--data data', '--data nowhere');
    const ended = await differently(own(), own(), missing);
    oneSentence(ended, 3, /^rank 2 of 3 \(.*\): error: .*nowhere/m);
  });

  it('end all where one is of another version', async () => {
    await mkdir(at('package'));
    for (const name of ['bin', 'dist', 'package.json']) {
      await cp(join(PACKAGE_ROOT, name), at('package', name), { recursive: true });
    }
    for (const name of ['build', 'node_modules', 'src']) {
      await symlink(join(PACKAGE_ROOT, name), at('package', name));
    }
    const text = await readFile(at('package/package.json'), 'utf8');
    await writeFile(
      at('package/package.json'),
      text.replace(/"version": ".*?"/, '"version": "9.9.9"'),
    );
    const ended = await differently(own(), `package/bin/cnn.js ${TRAIN}`);
    oneSentence(ended, 2, /the version of cnn is "\S+" on rank 0 .* "9\.9\.9" on rank 1 of 2 \(/);
  });

  it('end all where the disk is full, and go on when there is room', async function () {
    if (!(await canMount(directory.path))) this.skip();
    const { code, stdout, stderr } = await run(`mkdir full; unshare -rm bash -c '
      mount -t tmpfs -o size=330k tmpfs full
      cnn launch -n 2 -- ${TRAIN} --epochs 6 --output full --experiment run; echo "rc $?"
      mount -o remount,size=4m full
      cnn launch -n 3 -- train --resume full/run; echo "rc $?"'`);
    assert.equal(code, 0, stderr);
    assert.equal(stderr.match(/error:/g)?.length, 1, stderr);
    assert.match(stderr, /rank 0 of 2 \(.*\): error: Cannot write full\/run\/.*the disk is full/);
    assert.deepEqual(stdout.match(/rc \d/g), ['rc 1', 'rc 0']);
  });

  it(`leave the run as it were without them, after ${KILLS} kills`, async () => {
    const training = '--epochs 40 --checkpoint-steps 2';
    const whole = await launched('whole', 3, training, async () => {});
    assert.equal(whole.code, 0, whole.stderr);
    const expected = await weightsOf('whole');
    for (let kills = 0, turn = 0; kills < KILLS; turn++) {
      const name = `killed${turn}`;
      const ended = await launched(name, 3, training, async (pids, over) => {
        while (kills < KILLS) {
          await delay(300 + 3000 * Math.random());
          if (over()) return;
          const pid = pids()[Math.floor(3 * Math.random())];
          if (pid === undefined) continue;
          process.kill(pid, 'SIGKILL');
          kills++;
        }
      });
      assert.equal(ended.code, 0, ended.stderr);
      assert.deepEqual(await weightsOf(name), expected, `${name}: ${ended.stderr}`);
      console.log(`      ${name}: ${kills} kills of ${KILLS}`);
    }
  });

  /** A training under `cnn launch`; `fault` gets the processes by their ranks. */
  async function launched(
    name: string,
    processes: number,
    args: string,
    fault: (pids: () => (number | undefined)[], over: () => boolean) => Promise<void>,
  ): Promise<Ended> {
    const words = `launch -n ${processes} --max-restarts ${args.includes('timeout') ? 0 : 1000} --`;
    const all = `${words} ${TRAIN} ${args} --experiment ${name}`.split(' ');
    const child = spawn(process.execPath, [PROGRAM, ...all], {
      cwd: directory.path,
      env: { ...process.env, ...mpiEnvironment() },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    let over = false;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const ended = new Promise<Ended>((resolve) => {
      child.on('close', (code) => {
        over = true;
        resolve({ code, stdout: '', stderr });
      });
    });
    await fault(
      () => ranksOf(name),
      () => over,
    );
    const found = await ended;
    assert.deepEqual(ranksOf(name), [], 'processes are left');
    return found;
  }

  async function stepOf(name: string): Promise<number> {
    const state = await readFile(at('runs', name, 'checkpoints/last/state.json'), 'utf8');
    return JSON.parse(state).progress.step;
  }

  async function weightsOf(name: string) {
    const read = (file: string) => readFile(at('runs', name, 'checkpoints/last', file), 'base64');
    return Promise.all(['weights.bin', 'optimizer.bin'].map(read));
  }
});

/** The processes of a run by their ranks; none where they have ended. */
function ranksOf(name: string): (number | undefined)[] {
  const ranks: (number | undefined)[] = [];
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--experiment\0${name}\0`))
        continue;
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      const rank = rankIn(environment);
      if (rank !== undefined) ranks[rank] = Number(pid);
    } catch {
      // It has ended.
    }
  }
  return ranks;
}

function oneSentence({ code, stderr }: Ended, expected: number, sentence: RegExp): void {
  assert.match(stderr, sentence);
  assert.equal(stderr.match(/error:/g)?.length, 1, stderr);
  assert.doesNotMatch(stderr, /fault of cnn/);
  assert.equal(code, expected, stderr);
}
