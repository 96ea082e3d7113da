/** Pages of tiny runs, without a browser: test/report/browser.test.ts opens them in one. */
import assert from 'node:assert/strict';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { runReport } from '../../src/commands/report.js';
import { runTrain } from '../../src/commands/train.js';
import type { Report } from '../../src/report/report.js';
import { openRuns } from '../../src/report/runs.js';
import { curves } from '../../src/report/sections/curves.js';
import { lockFile } from '../../src/runs/lock.js';
import { SILENT } from '../../src/session/reporter.js';
import { temporaryDirectory } from '../commands/program.js';

/** Names that a page must not take for HTML. */
const HOSTILE = ['<img src=x onerror=alert(1)>', `a"b'c&amp;d`, '</script><script>alert(1)<'].map(
  (name) => name.replaceAll('/', '\u2044'),
);
const TINY = { arch: 'lenet5', channels: '1', 'batch-size': '6' };
const ON_CPU = { backend: 'cpu', precision: 'f32', workers: '1' };

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

  before(async () => {
    await writeImages(at('data'), 0);
    await writeImages(at('other'), 20);
    await train('a', at('data'));
    await train('b', at('data'), { seed: '1', lr: '0.5' });
    await train('c', at('other'));
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
    const [run] = await openRuns([at('runs', 'a')]);
    assert.ok(run);
    const drawn = async (data: object) => {
      const { charts } = await curves([
        { ...run, record: { ...run.record, data: { ...run.record.data, ...data } } },
      ]);
      return charts.find(({ name }) => name === 'top-1')?.chart.svg ?? '';
    };
    assert.match(await drawn({ name: 'mnist' }), /published: 99\.05/);
    assert.match(await drawn({ classes: Array.from('0123456789') }), /published: 99\.05/);
    for (const data of [{ name: 'fashion-mnist' }, {}])
      assert.doesNotMatch(await drawn(data), /published/);
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
    const { text } = await page(['a'], { evaluate: false });
    assert.match(text, /made with --no-evaluate/);
    assert.match(text, /<section id="curves"/);
    assert.doesNotMatch(text, /<section id="(confusion|filters)"/);
  });

  it('says that a run is still being written', async () => {
    const lock = {
      host: 'elsewhere',
      boot: '',
      processes: '',
      pid: 7,
      started: '',
      since: 'today',
    };
    const { ino } = await stat(at('runs/a'));
    await writeFile(lockFile(at('runs/a')), JSON.stringify({ ...lock, directory: String(ino) }));
    try {
      const { text, json } = await page(['a'], { evaluate: false });
      assert.match(
        text,
        /still being written, by process 7 of elsewhere since today: .* 2 of 2 epochs/,
      );
      assert.equal(json.unfinished.length, 1);
    } finally {
      await rename(lockFile(at('runs/a')), at('lock.json'));
    }
  });

  it('ranks runs of the same images, and no others unless told to', async () => {
    const { text, json } = await page(['b', 'a']);
    assert.equal(json.unranked, null);
    assert.match(text, /<section id="comparison"[\s\S]*<th scope="row">lr<\/th>/);
    const mixed = await page(['a', 'c']);
    assert.match(mixed.json.unranked ?? '', /the images of a .* and c .* are not the same/);
    assert.match(mixed.text, /Not ranked/);
    const told = await page(['a', 'c'], { mixed: true });
    assert.equal(told.json.unranked, null);
    const all = await page([''], { evaluate: false, mixed: true });
    assert.equal(all.json.runs.length, 3);
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
