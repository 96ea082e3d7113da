/** `cnn experiment run` as a program whose runs train in processes of their own. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { writeImages } from '../commands/images.js';
import { build, cnn, temporaryDirectory } from '../commands/program.js';

/** Far more epochs than are awaited. */
const FILE = `title: Long
claim: It takes long.
source: nobody
settings: {arch: lenet5, input-size: 12, epochs: 100000, batch-size: 4, backend: cpu, workers: 1}
seeds: [1]
`;

describe('cnn experiment run', function () {
  this.timeout(240_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  const inRun = (name: string, ...names: string[]) =>
    at(name, 'runs/experiment/lenet5/seed-1', ...names);

  before(async () => {
    await build();
    await writeImages(at('data'));
  });

  /** Starts it, and sends a signal once the run has an epoch. */
  async function broken(name: string, signal: NodeJS.Signals) {
    await mkdir(at(name));
    await writeFile(at(name, 'experiment.yaml'), FILE);
    const args = ['experiment', 'run', at(name), '--data', at('data')];
    let isWaiting = false;
    return cnn(args, async (child) => {
      if (isWaiting) return;
      isWaiting = true;
      while (child.exitCode === null && !(await hasEpoch(name))) await setTimeout(50);
      child.kill(signal);
    });
  }

  async function hasEpoch(name: string): Promise<boolean> {
    const text = await readFile(inRun(name, 'summary.csv'), 'utf8').catch(() => '');
    return text.split('\n').length > 2;
  }

  it('saves its run at SIGINT, and says how to go on', async () => {
    const { code, stderr } = await broken('stopped', 'SIGINT');
    assert.equal(code, 130, stderr);
    assert.match(stderr, /^Long: 1 run, 0 finished before\n/m);
    assert.match(stderr, /warning: SIGINT: saving what trains after its step/);
    assert.match(
      stderr,
      /0 of 1 runs are finished, what trained is saved\.\nGo on with .*: cnn exp/,
    );
    const log = await readFile(`${inRun('stopped')}.log`, 'utf8');
    assert.match(log, /Stopped by SIGINT in epoch \d+ .* and saved/);
    assert.ok(existsSync(inRun('stopped', 'checkpoints/last')));
    assert.ok(!existsSync(inRun('stopped', 'lock.json')));
  });

  it('leaves nothing that trains on when it is killed', async () => {
    const { code } = await broken('killed', 'SIGKILL');
    assert.equal(code, null);
    const log = () => readFile(`${inRun('killed')}.log`, 'utf8');
    while (!/^error: /m.test(await log())) await setTimeout(50);
    assert.match(await log(), /Stopped by SIGTERM in epoch \d+ .* and saved/);
  });
});
