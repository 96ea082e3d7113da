/** `cnn experiment run` and `report`, with networks of a few steps that train in this process. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { parse } from 'csv-parse/sync';
import type { Result } from '../../src/commands/command.js';
import { runExperimentList } from '../../src/commands/experiment/list.js';
import { runExperimentReport } from '../../src/commands/experiment/report.js';
import { runExperimentRun } from '../../src/commands/experiment/run.js';
import { doWork, type Work } from '../../src/commands/experiment/work.js';
import { RunError, UsageError } from '../../src/errors.js';
import { openExperiment } from '../../src/experiment/file/experiment.js';
import { lockExperiment } from '../../src/experiment/running/runs.js';
import { lockFile } from '../../src/runs/lock.js';
import { joinReporters } from '../../src/session/joined-reporters.js';
import { type Reporter, SILENT } from '../../src/session/reporter.js';
import type { Given } from '../../src/settings/given.js';
import { exists } from '../../src/system/files.js';
import { writeImages } from '../commands/images.js';
import { temporaryDirectory } from '../commands/program.js';

/** Four steps in an epoch of 18 images. */
const FILE = `title: Learning rates
claim: A higher one learns faster.
source: nobody
settings: {arch: lenet5, data: DATA, input-size: 12, epochs: 2, batch-size: 4, backend: cpu, precision: f32, workers: 1, checkpoint-steps: 1}
axes: {lr: [0.001, 0.05]}
seeds: [1, 2]
compare: {axis: lr}
`;

interface Json {
  readonly trained: readonly { name: string; top1: number; top5: number; loss: number }[];
  readonly failed: readonly { name: string; error: string }[];
  readonly report: Report;
}
interface Report {
  readonly cells: readonly Cell[];
  readonly comparisons: readonly { n: number; verdict: string; difference: number; why?: string }[];
  readonly absent: readonly { run: string; why: string }[];
}
interface Cell {
  readonly name: string;
  readonly measures: { readonly top1: { readonly mean: number; readonly n: number } };
  readonly runs: readonly { seed: number; path: string; top1: number; loss: number }[];
  readonly parameters: number;
  readonly ensemble?: { readonly top1: number; readonly images: number };
}

describe('an experiment', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);

  before(() => writeImages(at('data')));

  async function write(name: string, more = '', file = FILE): Promise<string> {
    await mkdir(at(name), { recursive: true });
    const text = file.replace('DATA', at('data')) + more;
    await writeFile(at(name, 'experiment.yaml'), text);
    return at(name);
  }

  /** Runs it; `watch` sees and may end each piece of work. */
  async function run(
    name: string,
    given: Given = {},
    watch: (work: Work) => Partial<Reporter> = () => ({}),
  ): Promise<Result<Json> & { readonly done: readonly Work[]; readonly said: readonly string[] }> {
    const done: Work[] = [];
    const said: string[] = [];
    const reporter = { ...SILENT, note: said.push.bind(said), warn: said.push.bind(said) };
    const result = await runExperimentRun({ directory: at(name), ...given }, reporter, () => {
      return async (work) => {
        done.push(work);
        try {
          return await doWork(work, joinReporters({ ...SILENT, ...watch(work) }, SILENT));
        } finally {
          tf.disposeVariables();
        }
      };
    });
    return { ...(result as Result<Json>), done, said };
  }

  const report = async (name: string, given: Given = {}) =>
    (await runExperimentReport({ directory: at(name), ...given })) as Result<Report>;
  const weights = (name: string, run: string) =>
    readFile(at(name, 'runs/experiment', run, 'checkpoints/last/weights.bin'));
  const csv = async (name: string): Promise<Record<string, string>[]> =>
    parse(await readFile(at(name, 'results.csv'), 'utf8'), { columns: true });

  describe('that is run', () => {
    let first: Awaited<ReturnType<typeof run>>;
    before(async () => {
      await write('rates', 'ensemble: [lr=0.05]\n');
      first = await run('rates');
    });

    it('trains each cell with each seed, those of the first seed first', () => {
      const names = first.json.trained.map(({ name }) => name);
      assert.deepEqual(names, ['lr=0.001/1', 'lr=0.05/1', 'lr=0.001/2', 'lr=0.05/2']);
      assert.equal(first.error, undefined);
      const kinds = first.done.map(({ kind }) => kind);
      assert.deepEqual(kinds, ['probe', 'probe', ...Array(4).fill('train'), 'evaluate']);
      assert.match(first.said.join('\n'), /time {5}about \d+s left, ends \d\d:\d\d\n\[1\/4\]/);
    });

    it('is run by one process at a time, whose lock ends with it', async () => {
      const experiment = await openExperiment(at('rates'), 'experiment.yaml', []);
      const root = at('rates/runs/experiment');
      const lock = await lockExperiment(experiment);
      const taken = /Another process runs the experiment .*experiment\.yaml: stop it, or wait/;
      try {
        const error = await run('rates').catch((thrown) => thrown);
        assert.ok(error instanceof UsageError);
        assert.match(error.message, taken);
        assert.equal(error.exitCode, 2);
        assert.equal((await run('rates', { 'dry-run': true })).error, undefined);
        const { json } = await report('rates');
        assert.deepEqual(json.absent, []);
        await copyFile(lockFile(root), at('lock.json'));
      } finally {
        await lock.release();
      }
      const holder = JSON.parse(await readFile(at('lock.json'), 'utf8'));
      await writeFile(lockFile(root), JSON.stringify({ ...holder, host: 'elsewhere' }));
      await assert.rejects(run('rates'), /process \d+ of elsewhere runs the experiment .* rm /s);
      await writeFile(lockFile(root), JSON.stringify({ ...holder, pid: 2 ** 22 + 1 }));
      assert.equal((await run('rates')).error, undefined);
      assert.equal(await exists(lockFile(root)), false);
    });

    it('is reported as its trainings ended, from their directories alone', async () => {
      await rm(at('rates/results.csv'));
      const again = await report('rates');
      assert.deepEqual(again.json.cells, first.json.report.cells);
      for (const { name, runs, measures } of again.json.cells) {
        for (const { seed, top1, loss } of runs) {
          const ended = first.json.trained.find((one) => one.name === `${name}/${seed}`);
          assert.ok(ended && Math.abs(ended.top1 - top1) < 1e-3, name);
          assert.ok(Math.abs(ended.loss - loss) < 1e-6, name);
        }
        const mean = runs.reduce((sum, { top1 }) => sum + top1, 0) / 2;
        assert.ok(Math.abs(measures.top1.mean - mean) < 1e-9);
      }
      const rows = await csv('rates');
      assert.deepEqual(
        rows.map(({ cell, lr, n, parameters }) => [cell, lr, n, parameters]),
        again.json.cells.map(({ name, parameters }) => {
          return [name, name.replace('lr=', ''), '2', String(parameters)];
        }),
      );
      assert.equal(
        rows[1]?.['runs'],
        'runs/experiment/lr=0.05/seed-1 runs/experiment/lr=0.05/seed-2',
      );
      assert.ok(Number(rows[0]?.['peak_memory_mb']) > 50);
    });

    it('evaluates the runs of a cell as one network', () => {
      const [plain, both] = first.json.report.cells;
      assert.equal(plain?.ensemble, undefined);
      assert.equal(both?.ensemble?.images, 6);
    });

    it('compares cells by seed', () => {
      const [comparison] = first.json.report.comparisons;
      const [a, b] = first.json.report.cells;
      assert.equal(comparison?.n, 2);
      const mean = Number(b?.measures.top1.mean) - Number(a?.measures.top1.mean);
      assert.ok(Math.abs(comparison.difference - mean) < 1e-9);
    });

    it('has nothing to do a second time', async () => {
      const again = await run('rates');
      assert.deepEqual(again.done, []);
      assert.match(again.lines.join('\n'), /4 of 4 runs are finished/);
    });

    it('keeps what people wrote in README.md around the table', async () => {
      const text = await readFile(at('rates/README.md'), 'utf8');
      assert.match(
        text,
        /^# Learning rates\n\nA higher one learns faster\. \(nobody\)\n\n<!-- results -->/,
      );
      await writeFile(at('rates/README.md'), `Mine.\n\n${text}\n## Finding\n\nIt does. Really.\n`);
      await report('rates');
      const after = await readFile(at('rates/README.md'), 'utf8');
      assert.equal(after, `Mine.\n\n${text}\n## Finding\n\nIt does. Really.\n`);
      const { lines } = await runExperimentList({ directory: directory.path });
      assert.match(lines.join('\n'), /rates +2 +4\/4 +A higher one learns faster\. +It does\.$/m);
    });

    it('says that settings have changed, and does not mix', async () => {
      await cp(at('rates'), at('changed'), { recursive: true });
      await write('changed', '', FILE.replace('epochs: 2', 'epochs: 3'));
      const { json, error, done } = await run('changed', { only: 'lr=0.05/1' });
      assert.deepEqual(done, []);
      assert.match(json.failed[0]?.error ?? '', /settings have changed .*\(epochs: 2 → 3\)/);
      assert.ok(error instanceof RunError);
      const { cells, absent } = (await report('changed')).json;
      assert.deepEqual([cells[1]?.runs, absent.length], [[], 4]);
      assert.match(absent[1]?.why ?? '', /other settings \(epochs: 2 → 3\)/);
    });

    it('does not rank runs of other data or another protocol, unless told to', async () => {
      await cp(at('rates'), at('mixed'), { recursive: true });
      for (const seed of [1, 2]) {
        const file = at(`mixed/runs/experiment/lr=0.05/seed-${seed}/run.json`);
        const record = JSON.parse(await readFile(file, 'utf8'));
        Object.assign(record.data, { fingerprint: 'other', evaluation: 'other' });
        await writeFile(file, JSON.stringify(record));
      }
      const refused = await report('mixed');
      assert.equal(refused.json.comparisons[0]?.verdict, 'refused');
      assert.match(refused.lines.join('\n'), /not compared: .* were trained on different data/);
      const { json } = await report('mixed', { mixed: true });
      assert.notEqual(json.comparisons[0]?.verdict, 'refused');
    });

    it('names a run that is still being trained', async () => {
      await cp(at('rates'), at('busy'), { recursive: true });
      // A lock that is not whole is being written.
      await writeFile(at('busy/runs/experiment/lr=0.05/seed-2/lock.json'), '{');
      const { cells, absent } = (await report('busy')).json;
      assert.deepEqual(absent, [{ run: 'lr=0.05/2', why: 'being trained now, 2 of 2 epochs' }]);
      assert.equal(cells[1]?.runs.length, 1);
    });
  });

  it('goes on with a run that was broken off, to the same weights', async () => {
    await write('whole', '', FILE.replace('[1, 2]', '[1]'));
    await write('broken', '', FILE.replace('[1, 2]', '[1]'));
    await run('whole', { only: 'lr=0.05' });
    let steps = 0;
    const breaking = ({ kind }: Work): Partial<Reporter> => ({
      advance() {
        if (kind === 'train' && ++steps === 8) throw new RunError('The cable was pulled');
      },
    });
    const first = await run('broken', { only: 'lr=0.05' }, breaking);
    assert.match(first.error?.message ?? '', /These fail:\n {2}lr=0.05\/1: The cable was pulled$/);
    const { absent } = (await report('broken')).json;
    assert.deepEqual(absent[1], {
      run: 'lr=0.05/1',
      why: 'not finished, 1 of 2 epochs',
    });
    const second = await run('broken', { only: 'lr=0.05' });
    const resumed = second.done.filter(({ kind }) => kind === 'train');
    assert.deepEqual(
      resumed.map(({ given }) => given['resume']),
      [at('broken/runs/experiment/lr=0.05/seed-1')],
    );
    assert.deepEqual(
      await weights('broken', 'lr=0.05/seed-1'),
      await weights('whole', 'lr=0.05/seed-1'),
    );
  });

  it('with a cell that fails trains the others, and names it', async () => {
    await write('failing', 'include: {wrong: {dropout: 0.5}}\n', FILE.replace('[1, 2]', '[1]'));
    const { json, error } = await run('failing');
    assert.deepEqual(json.trained.length, 2);
    assert.ok(error instanceof RunError && error.exitCode === 1);
    assert.match(error.message, /These fail:\n {2}wrong: Expected a network with dropout/);
    assert.equal(json.report.comparisons[0]?.verdict, 'too few seeds');
  });

  it('with --dry-run trains nothing, and lists its cells with the time', async () => {
    await write('dry');
    const { lines, done, json } = await run('dry', { 'dry-run': true, only: 'lr=0.05' });
    assert.deepEqual(
      done.map(({ kind }) => kind),
      ['probe'],
    );
    assert.match(lines.join('\n'), /2 runs \(seeds 1, 2\), 2 to train, about \d+s/);
    assert.match(lines.join('\n'), /^lr=0\.05 +lr=0\.05 +2 +0 +\d+s$/m);
    assert.deepEqual((json as unknown as { to_train: number }).to_train, 2);
  });

  it('without data needs it to train, but not to report', async () => {
    await write('nowhere', '', FILE.replace('data: DATA, ', ''));
    await assert.rejects(run('nowhere'), /--data is missing.*gives the cell "lr=0.001" none/);
    const { json, lines } = await report('nowhere');
    assert.equal(json.absent.length, 4);
    assert.match(
      lines.join('\n'),
      /^not trained yet: lr=0\.001\/1, lr=0\.05\/1, .*\n\n.*nothing to write/m,
    );
    assert.ok(!existsSync(at('nowhere/README.md')));
  });

  it('refuses cells that are none, and more jobs than threads', async () => {
    await write('refused');
    await assert.rejects(run('refused', { only: 'lr=0.06' }), /"lr=0.06" names none.*"lr=0.05"/);
    const many = run('refused', { jobs: '3', threads: '2' });
    await assert.rejects(
      many,
      (error) => error instanceof UsageError && /at most the 2/.test(error.message),
    );
  });
});
