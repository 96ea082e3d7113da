/** Reports from whatever the directories of runs hold. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { runReport } from '../../src/commands/report.js';
import type { Report } from '../../src/report/report.js';
import { openRuns } from '../../src/report/runs.js';
import { comparison, ranked } from '../../src/report/sections/comparison.js';
import { overview } from '../../src/report/sections/overview.js';
import { events, settings } from '../../src/report/sections/settings.js';
import { COLUMNS } from '../../src/runs/csv.js';
import type { RunRecord } from '../../src/runs/run-directory.js';
import { SILENT } from '../../src/session/reporter.js';
import { temporaryDirectory } from '../commands/program.js';
import { type Rows, recordOf, writeRun } from './run-files.js';

interface Run {
  readonly record: RunRecord;
  readonly rows: Rows;
  readonly columns: readonly string[];
}

const TIME = '2026-01-02T03:04:05.000Z';
const MEASURED = COLUMNS.filter((column) => !['epoch', 'step', 'steps'].includes(column));

/** What a cell may hold: a number, none, or what a training that diverged writes. */
const cell = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 100_000 }).map((value) => value / 1000) },
  { weight: 1, arbitrary: fc.constantFrom('NaN', '', 'Infinity', '1e300', '0') },
);

/** Rows of rising epochs; those that a resume skipped are missing. */
const rows: fc.Arbitrary<Rows> = fc
  .uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 6 })
  .chain((epochs) => {
    const sorted = epochs.toSorted((a, b) => a - b);
    return fc.tuple(
      ...sorted.map((epoch) =>
        fc
          .record(Object.fromEntries(MEASURED.map((column) => [column, cell])))
          .map((values) => ({ ...values, epoch, step: 10 * epoch, steps: 10 * epoch })),
      ),
    );
  });

const columns = fc
  .subarray(MEASURED, { minLength: 0 })
  .map((some) => COLUMNS.filter((name) => !MEASURED.includes(name) || some.includes(name)));

const event = fc.record({
  time: fc.constant(TIME),
  epoch: fc.integer({ min: 0, max: 20 }),
  step: fc.integer({ min: 0, max: 200 }),
  kind: fc.constantFrom('diverged', 'dead-relu', 'stuck'),
  text: fc.string(),
});
const resume = fc.record({
  time: fc.constant(TIME),
  step: fc.integer({ min: 0, max: 200 }),
  changed: fc.constantFrom({}, { epochs: { value: 5, source: 'flag' } } as RunRecord['settings']),
});

const run: fc.Arbitrary<Run> = fc
  .record({
    rows,
    columns: fc.oneof(fc.constant(COLUMNS as readonly string[]), columns),
    events: fc.option(fc.array(event, { maxLength: 5 }), { nil: undefined }),
    resumed: fc.array(resume, { maxLength: 3 }),
    epochs: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(null)),
    arch: fc.constantFrom('lenet5', 'resnet18', 'of-another-version'),
    fingerprint: fc.constantFrom('one', 'two'),
  })
  .map(({ events: noticed, resumed, epochs, arch, fingerprint, ...rest }) => {
    const data = { ...recordOf().data, fingerprint };
    const more = { resumed, data, ...(noticed && { events: noticed }) };
    return { ...rest, record: recordOf({ arch, epochs }, more) };
  });

describe('a report from run directories alone', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();
  let count = 0;

  async function write(runs: readonly Run[]): Promise<string> {
    const root = join(directory.path, String(count++));
    for (const [at, { record, rows: own, columns: names }] of runs.entries()) {
      await writeRun(join(root, `run-${at}`), record, own, names);
    }
    return root;
  }

  /** The cells of the rows of a table, without what marks them up. */
  function cellsOf(text: string): string[][] {
    const [body = ''] = /<tbody>[\s\S]*?<\/tbody>/.exec(text) ?? [];
    return [...body.matchAll(/<tr>([\s\S]*?)<\/tr>/g)].map(([, row = '']) =>
      [...row.matchAll(/<t[hd][^>]*>([\s\S]*?)<\/t[hd]>/g)].map(([, found = '']) => found),
    );
  }

  /** The cells of the CSV itself, in its last row or that of the highest top-1. */
  async function figuresOf(root: string, name: string): Promise<string[]> {
    const [header = '', ...lines] = (await readFile(join(root, name, 'summary.csv'), 'utf8'))
      .trimEnd()
      .split('\n');
    const names = header.split(',');
    const found = lines.map((line) => {
      const cells = line.split(',');
      return (column: string) => {
        const text = cells[names.indexOf(column)] ?? '';
        return text === '' || !Number.isFinite(Number(text)) ? undefined : Number(text);
      };
    });
    const last = found.at(-1);
    const evaluated = found.filter((row) => row('eval_top1') !== undefined);
    const most = Math.max(...evaluated.map((row) => row('eval_top1') as number));
    const best = evaluated.find((row) => row('eval_top1') === most);
    const fixed = (value: number | undefined, digits: number) => value?.toFixed(digits) ?? '';
    return [
      fixed(best?.('eval_top1'), 3),
      String(best?.('epoch') ?? ''),
      fixed(last?.('eval_top1'), 3),
      fixed(last?.('eval_top5'), 3),
      fixed(last?.('eval_loss'), 4),
      fixed(last?.('train_loss'), 4),
      Math.round(last?.('images_per_second') ?? 0).toLocaleString('en'),
    ];
  }

  it('has the numbers of the CSV files in its tables, whatever they hold', () =>
    fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 4 }), async (written) => {
        const root = await write(written);
        const { runs, damaged } = await openRuns([root]);
        assert.deepEqual(damaged, []);
        assert.equal(runs.length, written.length);
        const order = ranked(runs, false);
        const text = comparison(order).body.text;
        for (const [name = '', , , ...found] of cellsOf(text)) {
          const expected = await figuresOf(root, name);
          assert.deepEqual(found.slice(0, expected.length), expected, name);
          const own = written[Number(name.slice('run-'.length))];
          assert.equal(found.at(-1), String(own?.rows.length));
        }
        const listed = cellsOf(events(runs).body.text).length;
        const known = written.flatMap(({ record }) => [
          ...(record.events ?? []),
          ...record.resumed,
        ]);
        assert.equal(listed, known.length);
        for (const one of runs) overview(one, undefined);
        settings(runs);
      }),
      { numRuns: 60 },
    ));

  it('is drawn whatever they hold', () =>
    fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 3 }), async (written) => {
        const root = await write(written);
        const given = { runs: [root], output: `${root}.html`, evaluate: false };
        const json = (await runReport(given, SILENT)).json as Report;
        assert.equal(json.runs.length, written.length);
        const page = await readFile(json.output, 'utf8');
        const seen = page.replaceAll(/<(script|style)[\s\S]*?<\/\1>/g, '');
        assert.doesNotMatch(seen, /NaN|undefined|\[object/);
      }),
      { numRuns: 8 },
    ));
});
