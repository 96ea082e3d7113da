import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { architectures, findArchitecture } from '../../src/archs/index.js';
import { runReport } from '../../src/commands/report.js';
import { placeLabels } from '../../src/report/charts/labels.js';
import { challengeEntries } from '../../src/report/complexity/challenge.js';
import { panelsOf } from '../../src/report/complexity/points.js';
import { RESULTS } from '../../src/report/complexity/results.js';
import { openRuns } from '../../src/report/runs.js';
import { SILENT } from '../../src/session/reporter.js';
import { temporaryDirectory } from '../commands/program.js';
import { ROWS, recordOf, writeRun } from './run-files.js';

describe('cnn report --complexity', () => {
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);

  it('has every network of the catalogue, and of each the result of one crop where there is one', async () => {
    const panels = await panelsOf([]);
    const points = panels.flatMap((panel) => panel.points);
    for (const { name, macs, parameters } of architectures) {
      const own = points.filter((point) => point.name === name);
      assert.ok(own.length > 0, name);
      assert.ok(own.filter(({ drawn }) => drawn).length <= 1, name);
      for (const point of own)
        assert.deepEqual([point.gmacs, point.parameters], [macs / 1e9, parameters]);
    }
    const drawn = (name: string) => points.find((point) => point.name === name && point.drawn);
    assert.deepEqual([drawn('vgg16')?.top1, drawn('vgg16')?.oneCrop], [71.592, true]);
    assert.deepEqual([drawn('vgg16-1x1')?.top1, drawn('vgg16-1x1')?.oneCrop], [71.9, false]);
    assert.equal(drawn('alexnet-1gpu'), undefined);
    const onCifar = panels.find(({ data }) => data === 'CIFAR-10 test');
    assert.ok(onCifar?.points.every(({ name }) => /cifar|k12$/.test(name)));
    for (const { network } of RESULTS) assert.equal(findArchitecture(network).name, network);
  });

  it('shows runs beside what was published of their data, and others by themselves', async () => {
    const data = recordOf().data;
    await writeRun(at('runs/a'), recordOf({}, { data: { ...data, name: 'mnist' } }));
    await writeRun(at('runs/b'));
    await writeRun(at('runs/c'), recordOf({ arch: 'simple-cnn' }));
    await writeRun(at('runs/new'), recordOf(), []);
    const panels = await panelsOf((await openRuns([at('runs')])).runs);
    const measured = panels.flatMap(({ data: name, points }) =>
      points.filter((point) => point.measured).map((point) => ({ panel: name, ...point })),
    );
    const shown = measured.map(({ panel, name, top1, drawn }) => [panel, name, top1, drawn]);
    assert.deepEqual(shown, [
      ['MNIST test', 'a', 91.5, true],
      ['digits (aaaaaaaa)', 'b', 91.5, true],
      ['digits (aaaaaaaa)', 'c', 91.5, true],
      ['digits (aaaaaaaa)', 'new', undefined, false],
    ]);
    const { macs, parameters } = findArchitecture('lenet5');
    assert.deepEqual([measured[1]?.gmacs, measured[1]?.parameters], [macs / 1e9, parameters]);
  });

  it('writes a page with its figures and tables, and the figures as files', async () => {
    await writeRun(at('own/b'));
    await writeRun(at('own/c'), recordOf({ arch: 'simple-cnn' }), ROWS.slice(0, 1));
    const given = { complexity: true, runs: [at('own')], output: at('page.html'), svg: at('svg') };
    const { json } = await runReport(given, SILENT);
    assert.deepEqual(json.charts.map((file) => file.slice(at('svg').length + 1)).sort(), [
      'complexity-cifar-10-test.svg',
      'complexity-digits-aaaaaaaa-.svg',
      'complexity-ilsvrc-2012-val.svg',
      'depth.svg',
    ]);
    const page = await readFile(json.output, 'utf8');
    assert.equal(page.match(/<figure class="chart"/g)?.length, 4);
    assert.equal(page.match(/<table/g)?.length, 6);
    assert.match(page, /aria-label="c: 90\.25 % measured, 0\.0895 GMACs, 1,413,834 parameters;/);
    assert.match(page, /152 layers/);
    assert.doesNotMatch(page, /https?:\/\//);
  });

  it('refuses what it would not look at, and a page of no run', async () => {
    const given = { complexity: true, output: at('refused.html') };
    for (const [option, value] of [
      ['evaluate', false],
      ['mixed', true],
      ['ema', true],
    ] as const) {
      await assert.rejects(
        runReport({ ...given, [option]: value }, SILENT),
        new RegExp(`--${option} does nothing to --complexity`),
      );
    }
    await assert.rejects(runReport({ output: at('none.html') }, SILENT), /Name the runs/);
  });

  it('compares entries of networks that the catalogue has', () => {
    const entries = challengeEntries();
    const found = entries.map(({ year, layers, error }) => [year, layers, error]);
    assert.deepEqual(found, [
      [2010, undefined, 28.2],
      [2011, undefined, 25.8],
      [2012, 8, 16.4],
      [2013, 8, 11.7],
      [2014, 19, 7.3],
      [2014, 22, 6.7],
      [2015, 152, 3.57],
    ]);
  });
});

describe('names of points', () => {
  it('cover neither each other nor points where there is room', () => {
    const discs = Array.from({ length: 30 }, (_, at) => ({
      ...{ x: 200 + 7 * (at % 6), y: 150 + 9 * Math.floor(at / 6), radius: 3 },
      text: `network-${at}`,
    }));
    const labels = placeLabels(discs, 600, 400);
    const boxes = labels.map(({ x, y }, at) => {
      const width = 6 * (discs[at]?.text.length ?? 0);
      return { left: x, right: x + width, top: y - 6, bottom: y + 6 };
    });
    const meet = (a: (typeof boxes)[0], b: (typeof boxes)[0]) =>
      a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    const pairs = boxes.flatMap((a, at) => boxes.slice(at + 1).filter((b) => meet(a, b)));
    assert.equal(pairs.length, 0);
    assert.ok(
      boxes.every(
        ({ left, right, top, bottom }) => left >= 0 && right <= 600 && top >= 0 && bottom <= 400,
      ),
    );
  });

  it('are the same each time', () => {
    const discs = [
      { x: 10, y: 10, radius: 5, text: 'a' },
      { x: 12, y: 11, radius: 8, text: 'b' },
    ];
    assert.deepEqual(placeLabels(discs, 100, 100), placeLabels(discs, 100, 100));
  });
});
