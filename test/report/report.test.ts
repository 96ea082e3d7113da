/** Pages of tiny runs, without a browser: test/report/browser.test.ts opens them in one. */
import assert from 'node:assert/strict';
import {
  appendFile,
  copyFile,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { runReport } from '../../src/commands/report.js';
import { runTrain } from '../../src/commands/train.js';
import { CnnError } from '../../src/errors.js';
import { publishedFor } from '../../src/report/published.js';
import type { Report } from '../../src/report/report.js';
import { openRuns } from '../../src/report/runs.js';
import { curves } from '../../src/report/sections/curves.js';
import { lockFile } from '../../src/runs/lock.js';
import { SILENT } from '../../src/session/reporter.js';
import { temporaryDirectory } from '../commands/program.js';
import { recordOf, writeRun } from './run-files.js';

/** Names that a page must not take for HTML. */
const HOSTILE = ['<img src=x onerror=alert(1)>', `a"b'c&amp;d`, '</script><script>alert(1)<'].map(
  (name) => name.replaceAll('/', '\u2044'),
);
const TINY = { arch: 'lenet5', channels: '1', 'batch-size': '6' };
const ON_CPU = { backend: 'cpu', precision: 'f32', workers: '1' };

interface Changed {
  settings: Record<string, { value: unknown; source: string }>;
  data: Record<string, unknown>;
}

describe('cnn report', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  let whole: Awaited<ReturnType<typeof page>>;

  async function writeImages(root: string, base: number): Promise<void> {
    for (const [label, name] of HOSTILE.entries()) {
      for (const [split, count] of [
        ['train', 4],
        ['val', 3],
      ] as const) {
        await mkdir(join(root, split, name), { recursive: true });
        for (let image = 0; image < count; image++) {
          const level = base + 60 * label + image;
          const create = {
            width: 28,
            height: 28,
            channels: 3 as const,
            background: `rgb(${level},${level},${level})`,
          };
          const bytes = await sharp({ create }).toColourspace('b-w').png().toBuffer();
          await writeFile(join(root, split, name, `${image}.png`), bytes);
        }
      }
    }
  }

  async function train(experiment: string, data: string, more = {}): Promise<void> {
    const run = { epochs: '2', output: at('runs'), experiment, data };
    await runTrain({ ...TINY, ...ON_CPU, ...run, ...more }, SILENT);
    tf.disposeVariables();
  }

  async function page(runs: readonly string[], more = {}) {
    const output = at('page.html');
    const given = { ...ON_CPU, runs: runs.map((run) => at('runs', run)), output, ...more };
    const result = await runReport(given, SILENT);
    tf.disposeVariables();
    const json = result.json as Report;
    return { ...result, json, text: await readFile(json.output, 'utf8') };
  }

  /** A run as another training would have left it. */
  async function copy(name: string, change: (record: Changed) => void = () => {}): Promise<void> {
    await cp(at('runs/a'), at('runs', name), { recursive: true });
    const record = JSON.parse(await readFile(at('runs', name, 'run.json'), 'utf8'));
    change(record);
    await writeFile(at('runs', name, 'run.json'), JSON.stringify(record));
  }

  before(async () => {
    await writeImages(at('data'), 0);
    await train('a', at('data'));
    await copy('b', ({ settings }) => {
      settings['lr'] = { value: 0.5, source: 'flag' };
    });
    await copy('c', ({ data }) => {
      Object.assign(data, { fingerprint: 'other', evaluation: 'other' });
    });
    whole = await page(['a'], { svg: at('svg'), png: at('png') });
  });

  it('has all parts of one run', () => {
    const { text, lines } = whole;
    for (const id of [
      'curves',
      'confusion',
      'classes',
      'mistakes',
      'filters',
      'activations',
      'events',
      'settings',
    ]) {
      assert.match(text, new RegExp(`<section id="${id}"`), id);
    }
    assert.match(text, /6 filters of 5×5 in conv1/);
    assert.match(text, /<b>pool2<\/b> 5×5, 16 maps/);
    assert.match(text, /<th scope="row">batch-size<\/th><td>6<\/td><td>command line<\/td>/);
    assert.match(lines.join('\n'), /report of .*runs.a: .*page\.html, 0\.\d MB/);
  });

  it('draws what was published where the images may be the same', async () => {
    const { runs } = await openRuns([at('runs', 'a')]);
    const [run] = runs;
    assert.ok(run);
    const seen = (data: object) => ({
      ...run,
      record: { ...run.record, data: { ...run.record.data, ...data } },
    });
    const { charts } = await curves([seen({ name: 'mnist' })]);
    const drawn = charts.find(({ name }) => name === 'top-1')?.chart.svg ?? '';
    assert.match(drawn, /published: 99\.05/);
    const digits = { classes: Array.from('0123456789') };
    assert.equal(publishedFor(seen(digits))?.top1, 99.05);
    assert.equal(publishedFor(seen({ ...digits, name: 'fashion-mnist' })), undefined);
    assert.equal(publishedFor(seen({})), undefined);
    assert.doesNotMatch(await readFile(at('svg/top-1.svg'), 'utf8'), /published/);
  });

  it('takes no name for HTML', () => {
    const { text } = whole;
    const markup = text.replaceAll(/<script[\s\S]*?<\/script>/g, '');
    assert.doesNotMatch(markup, /<img src=x|onerror=(?!alert)|<script/);
    assert.ok(text.includes('&lt;img src=x onerror=alert(1)&gt;'));
    assert.ok(text.includes('a&quot;b&#39;c&amp;amp;d'));
    // Of the page itself: its data and its program.
    assert.equal(text.match(/<script/g)?.length, 2);
  });

  it('has no address, loads nothing and runs no other script', () => {
    const { text } = whole;
    assert.doesNotMatch(text, /https?:\/\/|\/\/cdn|@import|url\(/);
    assert.match(
      text,
      /content="default-src &#39;none&#39;; img-src data:; style-src &#39;unsafe-inline&#39;; script-src &#39;sha256-/,
    );
    for (const [, source] of text.matchAll(/<img[^>]* src="([^"]*)"/g))
      assert.match(source as string, /^data:image\/(webp|png);base64,/);
  });

  it('without data or checkpoint says what is missing, and fails if somebody named them', async () => {
    await rename(at('data'), at('away'));
    try {
      const { text, json } = await page(['a'], { backend: undefined });
      assert.match(json.missing ?? '', /no confusion matrix.*data/);
      assert.match(text, /<section id="filters"/);
      assert.doesNotMatch(text, /<section id="confusion"/);
      await assert.rejects(page(['a'], { data: at('data') }), /data/);
    } finally {
      await rename(at('away'), at('data'));
    }
  });

  it('leaves out what it is told to, and says that a run is still being written', async () => {
    const lock = {
      ...{ host: 'elsewhere', boot: '', processes: '', pid: 7, started: '', since: 'today' },
      directory: String((await stat(at('runs/a'))).ino),
    };
    await writeFile(lockFile(at('runs/a')), JSON.stringify(lock));
    try {
      const { text, json } = await page(['a'], { evaluate: false });
      assert.match(
        text,
        /still being written, by process 7 of elsewhere since today: .* 2 of 2 epochs/,
      );
      assert.equal(json.unfinished.length, 1);
      assert.match(text, /made with --no-evaluate/);
      assert.match(text, /<section id="curves"/);
      assert.doesNotMatch(text, /<section id="(confusion|filters)"/);
      await appendFile(at('runs/a/summary.csv'), '3,30,0.1');
      assert.deepEqual((await openRuns([at('runs/a')])).damaged, []);
    } finally {
      await rename(lockFile(at('runs/a')), at('lock.json'));
    }
    await assert.rejects(openRuns([at('runs/a')]), /summary\.csv is damaged: line 4 is cut off/);
    await copyFile(at('runs/b/summary.csv'), at('runs/a/summary.csv'));
  });

  it('has the parts of each network of several runs', async () => {
    const { text, json } = await page(['b', 'a'], { png: at('both') });
    assert.equal(json.unranked, null);
    assert.match(text, /<section id="comparison"[\s\S]*<th scope="row">lr<\/th>/);
    assert.match(text, /<section id="evaluation"[\s\S]*<th scope="row">a<\/th>/);
    assert.equal(text.match(/class="confusion-part"/g)?.length, 2);
    assert.equal(text.match(/6 filters of 5×5 in conv1/g)?.length, 2);
    const [head = ''] = /<table class="sortable" id="class-table">.*?<\/thead>/s.exec(text) ?? [];
    assert.match(head, />images<.*>b<.*>a<|>images<.*>a<.*>b</);
    assert.doesNotMatch(text, /<section id="activations"/);
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assert.deepEqual(ids.length, new Set(ids).size, 'an id comes twice');
    const names = json.charts.map((file) => basename(file));
    assert.ok(names.includes('filters-a.png') && names.includes('filters-b.png'), names.join());
  });

  it('ranks runs of the same images, and no others unless told to', async () => {
    const off = { evaluate: false };
    const mixed = await page(['a', 'c'], off);
    assert.match(mixed.json.unranked ?? '', /the images of a .* and c .* are not the same/);
    assert.match(mixed.text, /Not ranked/);
    const all = await page([''], { ...off, mixed: true });
    assert.equal(all.json.unranked, null);
    assert.equal(all.json.runs.length, 3);
  });

  it('names damaged runs, leaves them out and reports the others', async () => {
    const below = (...names: string[]) => at('damaged', ...names);
    await cp(at('runs/a'), below('whole'), { recursive: true });
    await cp(at('runs/a'), below('weights'), { recursive: true });
    for (const which of ['best', 'last']) {
      const files = await readdir(below('weights/checkpoints', which));
      const weights = files.find((name) => name.endsWith('.bin')) ?? '';
      await truncate(below('weights/checkpoints', which, weights), 100);
    }
    for (const name of ['lost', 'json', 'cut', 'column', 'number', 'network']) {
      await writeRun(below(name));
    }
    await rm(below('lost/run.json'));
    await writeFile(below('json/run.json'), '{"settings": {');
    await writeFile(below('network/run.json'), JSON.stringify({ ...recordOf(), settings: {} }));
    const csv = await readFile(below('cut/summary.csv'), 'utf8');
    await writeFile(below('cut/summary.csv'), csv.slice(0, -9));
    await writeFile(below('column/summary.csv'), csv.replace(',0.5,', ','));
    await writeFile(below('number/summary.csv'), csv.replace(',0.5,', ',half,'));
    const { text, json, error } = await page(['../damaged'], { backend: undefined });
    assert.deepEqual(
      json.runs.map((path) => basename(path)),
      ['weights', 'whole'],
    );
    const found = Object.fromEntries(json.damaged.map(({ run, why }) => [basename(run), why]));
    const expected = {
      lost: /lost.run\.json/,
      json: /Cannot read .*json.run\.json/,
      network: /network.run\.json is damaged: it does not name the network/,
      cut: /cut.summary\.csv is damaged: line 3 is cut off/,
      column: /column.summary\.csv is damaged: line 2 has 12 of 13 columns/,
      number: /number.summary\.csv is damaged: line 2 has "half"/,
      weights: /weights.* has 100 bytes/,
    };
    assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort());
    for (const [name, why] of Object.entries(expected)) {
      assert.match(found[name] ?? '', why);
      assert.ok(text.includes(`damaged/${name}`), name);
    }
    assert.equal(error instanceof CnnError && error.exitCode, 1);
    assert.match(error?.message ?? '', /7 runs are damaged and left out/);
    await assert.rejects(page(['../damaged/cut', '../damaged/json']), /All 2 runs are damaged/);
  });

  it('writes its charts as files', async () => {
    const names = whole.json.charts.map((file) => file.slice(directory.path.length + 1));
    for (const name of ['svg/loss.svg', 'png/loss.png', 'svg/confusion.svg', 'png/filters.png']) {
      assert.ok(names.includes(name), name);
    }
    assert.match(await readFile(at('svg/loss.svg'), 'utf8'), /^<svg xmlns/);
  });

  it('refuses a checkpoint that is neither best nor last, and what is no run', async () => {
    await assert.rejects(page(['a'], { checkpoint: 'first' }), /to be best or last/);
    await assert.rejects(page(['none']), /is no run/);
  });
});
