import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runLaunch } from '../../src/commands/launch.js';
import { startJob } from '../../src/distributed/launch/job.js';
import { launcherFor } from '../../src/distributed/launch/mpi-launcher.js';
import { type CnnError, RunError } from '../../src/errors.js';
import { build, cnn, PROGRAM, temporaryDirectory } from '../commands/program.js';

const OPEN_MPI = { program: 'mpirun', version: 'mpirun (Open MPI) 4.1.4\n\nReport bugs' };
const HYDRA = { program: 'mpiexec', version: 'HYDRA build details:\n    Version: 4.0.2' };

describe('the launcher of an MPI', () => {
  it('is the one of its family', () => {
    const versions = [HYDRA, OPEN_MPI];
    assert.equal(launcherFor('Open MPI v4.1.4', versions).program, 'mpirun');
    assert.equal(launcherFor('MPICH Version:\t4.0.2', versions).program, 'mpiexec');
  });

  it('is named where it is missing, or of another family', () => {
    const none = { program: 'mpirun', version: undefined };
    assert.throws(() => launcherFor('Open MPI v4.1.4', [none]), /not in the PATH: run .*--mpi/);
    const refused = (error: Error) =>
      error instanceof RunError && /\(mpiexec is of HYDRA build details:\)/.test(error.message);
    assert.throws(() => launcherFor('Open MPI v4.1.4', [HYDRA]), refused);
    assert.throws(() => launcherFor('Cray MPI', [HYDRA]), /starts processes of Open MPI and MPICH/);
  });
});

/** A process that tells what a training would, then does something. */
function teller(script: string): readonly [string, ...string[]] {
  const connecting = `const line = require('node:net').connect(process.env.CNN_LAUNCH_SOCKET);
    const told = { rank: 0, host: 'there', pid: process.pid, run: 'runs/x', step: 7 };
    line.on('error', () => {});
    line.write(JSON.stringify(told) + '\\n', () => { ${script} });`;
  return [process.execPath, '-e', connecting];
}

describe('a job', () => {
  it('knows which process was killed, in which run and after which step', async () => {
    const job = await startJob(teller("process.kill(process.pid, 'SIGKILL')"), 1, undefined);
    const { killedBy, lost, run } = await job.ended;
    assert.equal(killedBy, 'SIGKILL');
    assert.deepEqual([lost?.rank, lost?.host, lost?.step, run], [0, 'there', 7, 'runs/x']);
  });

  it('has its processes stop by a signal', async () => {
    const listening =
      "line.on('data', (text) => process.exit(/^(SIGINT\\n)+$/.test(text) ? 9 : 1))";
    const job = await startJob(teller(listening), 1, undefined);
    const asking = setInterval(() => job.hearing.connected.length > 0 && job.stop('SIGINT'), 20);
    const { code, killedBy } = await job.ended;
    clearInterval(asking);
    assert.deepEqual([code, killedBy], [9, undefined]);
  });

  it('can be ended at once', async () => {
    const job = await startJob(teller('setInterval(() => {}, 1000)'), 1, undefined);
    job.kill();
    assert.equal((await job.ended).killedBy, 'SIGKILL');
  });
});

describe('cnn launch', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();

  it('asks for a training and for processes', async () => {
    const words = ['train', 'lenet5', 'synthetic'];
    await assert.rejects(runLaunch({ '--': words }), /-n is missing/);
    await assert.rejects(
      runLaunch({ processes: '1' }),
      /Expected train after -- but received nothing/,
    );
    const other = runLaunch({ processes: '1', '--': ['eval'] });
    await assert.rejects(other, /Expected train after -- but received "eval"/);
  });

  it('says that a signal ended it before a process could', async () => {
    const ended = runLaunch({ processes: '1', '--': ['train', 'lenet5', 'synthetic'] });
    process.emit('SIGUSR2', 'SIGUSR2');
    await assert.rejects(ended, (error: CnnError) => {
      assert.match(
        error.message,
        /^Stopped by SIGUSR2 before the first step; start it again: cnn launch -n 1 -- train lenet5/,
      );
      return error.exitCode === 75;
    });
  });

  it('names the command that builds the addon where that does not load', async () => {
    for (const name of ['cnn.node', 'cnn_mpi.so']) await writeFile(join(directory.path, name), '');
    const env = { ...process.env, CNN_ADDON: join(directory.path, 'cnn.node') };
    await build();
    const words = ['launch', '-n', '2', '--', 'train', 'lenet5', 'synthetic'];
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...words], {
      env,
      encoding: 'utf8',
    });
    assert.match(stderr, /by MPI, but .*cnn\.node: file too short: run \S*bin\/setup$/m);
    assert.equal(status, 1);
  });

  it('goes on from the last checkpoint after its process was killed', async () => {
    const training = [
      ...['train', 'lenet5', 'synthetic', '--backend', 'cpu', '--precision', 'f32'],
      ...['--threads', '1', '--epochs', '3', '--experiment', 'killed'],
    ];
    let killed = false;
    const { code, stderr } = await cnn(
      ['launch', '-n', '1', '--max-restarts', '1', '--', ...training],
      (child, text) => {
        if (killed || !/^epoch 2\/3: /m.test(text)) return;
        killed = true;
        for (const pid of childrenOf(child.pid)) process.kill(pid, 'SIGKILL');
      },
      directory.path,
    );
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /The training was killed by SIGKILL after step \d+; go on with: cnn launch/,
    );
    assert.match(stderr, /^restart 1 of 1: cnn train .* --resume runs\/killed$/m);
    const rows = await readFile(join(directory.path, 'runs/killed/summary.csv'), 'utf8');
    assert.equal(rows.trim().split('\n').length, 1 + 3);
  });
});

function childrenOf(pid: number | undefined): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').map(Number);
}
