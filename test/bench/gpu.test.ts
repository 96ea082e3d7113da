import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Day, type Part, PartFailed } from '../../bench/gpu/day.js';
import { runParts } from '../../bench/gpu/run-parts.js';
import { QUICK } from '../../bench/gpu/sizes.js';
import { inParallel, runTask } from '../../bench/gpu/task.js';
import { runJobs } from '../../bench/gpu/tests.js';

describe('a task of a day on a GPU machine', () => {
  it('tells its output and its end', async () => {
    const ended = await runTask(['sh', '-c', 'echo one; echo two >&2; exit 3'], { seconds: 20 });
    assert.equal(ended.end, 'code 3');
    assert.equal(ended.passed, false);
    assert.equal(ended.stdout, 'one\n');
    assert.match(ended.output, /two/);
  });

  it('that crashes or is no program is no error', async () => {
    assert.equal((await runTask(['sh', '-c', 'kill -SEGV $$'], { seconds: 20 })).end, 'SIGSEGV');
    assert.match((await runTask(['/no/such/program'], { seconds: 20 })).end, /ENOENT/);
  });

  it('that hangs is killed with all that it started', async () => {
    // The child keeps stdout open, so that the task's end is that of the child too.
    const command = ['sh', '-c', 'sleep 60 & echo begun; wait'];
    const ended = await runTask(command, { seconds: 0.5 });
    assert.match(ended.end, /no answer within/);
    assert.equal(ended.stdout, 'begun\n');
    assert.ok(ended.seconds < 10);
  });

  it('is killed where its part is over', async () => {
    const signal = AbortSignal.timeout(100);
    const ended = await runTask(['sleep', '60'], { seconds: 60, signal });
    assert.equal(ended.end, 'its part was over');
    assert.equal((await runTask(['sleep', '60'], { seconds: 60, signal })).end, ended.end);
  });

  it('runs beside others, but not more than are wished', async () => {
    let [running, most] = [0, 0];
    const done: number[] = [];
    await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
      done.push(item);
    });
    assert.equal(most, 2);
    assert.deepEqual(done.sort(), [1, 2, 3, 4, 5]);
  });
});

describe('the parts of a day on a GPU machine', () => {
  let out: string;
  beforeEach(() => {
    out = mkdtempSync(join(tmpdir(), 'cnn-gpu-test-'));
  });
  afterEach(() => rmSync(out, { recursive: true }));

  const day = (): Day => ({
    ...{ sizes: QUICK, out, python: 'python3', device: 'cpu', hardware: 'none', cores: 1 },
    ...{ images: '', temporary: '' },
  });
  const summary = () => readFileSync(join(out, 'summary.md'), 'utf8');
  const part = (name: string, run: Part['run'], seconds = 20): Part => ({ name, seconds, run });

  it('run one after another, and one that fails loses no other', async () => {
    const parts = [
      part('first', async (run) => run.tell('found this')),
      part('failing', async () => {
        throw new PartFailed('it failed');
      }),
      part('broken', async () => {
        throw new TypeError('not a function');
      }),
      part('last', async (run) => void (await run.task(['echo', 'words']))),
    ];
    assert.equal(await runParts(parts, day(), performance.now() + 20_000), false);
    assert.match(
      summary(),
      /## first\n\npassed\n\nfound this\n.*## failing\n\nit failed\n.*## broken\n\nTypeError: not a function.*## last\n\npassed\n/s,
    );
    assert.match(readFileSync(join(out, 'log.txt'), 'utf8'), /\$ echo words\nwords\n\[code 0/);
  });

  it('that hang are left behind, with what they had told', async () => {
    const parts = [
      part('deaf', (run) => new Promise(() => run.tell('half')), 0.2),
      part('slow', async (run) => void (await run.task(['sleep', '60'])), 0.2),
      part('last', async () => {}),
    ];
    await runParts(parts, day(), performance.now() + 20_000);
    assert.match(summary(), /## deaf\n\nno time left\n\nhalf\n/);
    assert.match(summary(), /## last\n\npassed/);
    assert.match(readFileSync(join(out, 'log.txt'), 'utf8'), /sleep 60\n\[(no answer|its part)/);
  });

  it('for which no time is left are told as such', async () => {
    const parts = [
      part('first', (run) => run.task(['sleep', '60']).then(() => {})),
      part('second', async () => {}),
    ];
    await runParts(parts, day(), performance.now() + 300);
    assert.match(summary(), /## second\n\nno time left/);
  });

  it('that run tests pass by what those count, not by how they end', async () => {
    const saying = (words: string) => ['sh', '-c', `echo "${words}"`];
    const jobs = [
      { name: 'good', command: saying('3 passed, 0 failed, 1 skipped') },
      { name: 'silent', command: ['true'] },
      { name: 'failing', command: saying('3 passed, 1 failed') },
    ];
    const parts = [part('tests', (run) => runJobs(run, 'tests.txt', jobs))];
    assert.equal(await runParts(parts, day(), performance.now() + 20_000), false);
    assert.match(
      summary(),
      /2 of 3 files failed\n\n1 of 3 files passed, 3 tests\n(- (silent|failing): code 0, it counts no tests\n){2}/,
    );
  });
});
