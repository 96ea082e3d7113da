/** Pages in Chromium, without a network: `npm run test:browser` installs it and runs this. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { runExplain } from '../../src/commands/explain/explain.js';
import { runReport } from '../../src/commands/report.js';
import { runTrain } from '../../src/commands/train.js';
import { classScores, pairsOf } from '../../src/report/evaluation/confusions.js';
import { pageText } from '../../src/report/page/page.js';
import { confusion } from '../../src/report/sections/confusion.js';
import { classTable } from '../../src/report/sections/network.js';
import { SILENT } from '../../src/session/reporter.js';
import { temporaryDirectory } from '../commands/program.js';
import { madeUp } from './made-up.js';

/** The browser; npm run test:browser names it. */
const CHROMIUM = process.env['CNN_TEST_CHROMIUM'];

/** Where screenshots are kept for people to look at; none are taken without it. */
const SCREENSHOTS = process.env['CNN_TEST_SCREENSHOTS'];

const WIDTHS = { desktop: 1280, phone: 390 };
/** Networks with branches, shortcuts and joins. */
const EXPLAINED = ['lenet5', 'googlenet', 'resnet20-cifar', 'densenet121'];
const READING = { maxPixels: 1e9, exifRotate: false } as never;

describe('a report in a browser', function () {
  this.timeout(180_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  let browser: Browser;

  before(async function () {
    if (CHROMIUM === undefined) return this.skip();
    const run = { arch: 'lenet5', data: 'synthetic', channels: '3', 'batch-size': '32' };
    const machine = { backend: 'cpu', precision: 'f32', workers: '1' };
    for (const seed of ['0', '1']) {
      const more = { epochs: '3', subset: '20/class', output: at('runs'), experiment: seed, seed };
      await runTrain({ ...run, ...machine, ...more }, SILENT);
      tf.disposeVariables();
    }
    await runReport({ ...machine, runs: [at('runs/0')], output: at('one.html') }, SILENT);
    await runReport({ runs: [at('runs')], output: at('two.html') }, SILENT);
    await runReport({ complexity: true, output: at('complexity.html') }, SILENT);
    tf.disposeVariables();
    for (const arch of EXPLAINED) await runExplain({ arch, html: at(`${arch}.html`) });
    await writeFile(at('many.html'), await manyClasses(1000));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  after(() => browser?.close());

  async function manyClasses(classes: number): Promise<string> {
    const file = at('image.png');
    const create = { width: 64, height: 64, channels: 3 as const, background: '#48c' };
    await sharp({ create }).png().toFile(file);
    const evaluated = madeUp(classes, file);
    const { classes: names } = evaluated.dataset;
    const pairs = pairsOf(evaluated);
    const { section } = await confusion(evaluated, pairs, names, READING);
    const table = classTable(classScores(evaluated, pairs), names);
    return pageText({ title: 'many', head: '', sections: [section, table] });
  }

  /** Opens a page; `look` fails if anything was loaded, or anything went wrong in it. */
  async function open(
    name: string,
    look: (page: Page) => Promise<void>,
    { width = WIDTHS.desktop, colorScheme = 'light' as 'light' | 'dark' } = {},
  ): Promise<void> {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    await context.setOffline(true);
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    const address = pathToFileURL(at(`${name}.html`)).href;
    page.on('request', (request) => {
      if (request.url() !== address && !request.url().startsWith('data:')) {
        problems.push(`loads ${request.url()}`);
      }
    });
    try {
      await page.goto(address);
      await look(page);
      if (SCREENSHOTS !== undefined) {
        await mkdir(SCREENSHOTS, { recursive: true });
        const path = join(SCREENSHOTS, `${name}-${width}-${colorScheme}.png`);
        await page.screenshot({ path, fullPage: true });
      }
      assert.deepEqual(problems, []);
    } finally {
      await context.close();
    }
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [device, width] of Object.entries(WIDTHS)) {
      it(`is whole in ${colorScheme} colours on a ${device}`, async () => {
        for (const name of ['one', 'two', 'complexity', 'many']) {
          const look = async (page: Page) => {
            const charts = await page.locator('.chart svg path').count();
            assert.ok(name === 'many' || charts > 20, `${charts} paths of charts`);
            const paper = await page.evaluate('getComputedStyle(document.body).backgroundColor');
            assert.equal(paper, colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(22, 24, 29)');
            // Wide tables scroll in themselves.
            assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
            const broken =
              '[...document.images].filter((image) => image.naturalWidth === 0).length';
            assert.equal(await page.evaluate(broken), 0);
          };
          await open(name, look, { width, colorScheme });
        }
      });
    }
  }

  it('shows a network that is explained, in both colours and on a phone', async () => {
    for (const arch of EXPLAINED) {
      for (const colorScheme of ['light', 'dark'] as const) {
        for (const width of Object.values(WIDTHS)) {
          const look = async (page: Page) => {
            assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
            const sizes = (await page.evaluate(
              '[...document.querySelectorAll(".stage svg")].map((svg) => svg.clientWidth)',
            )) as number[];
            assert.ok(sizes.length > 5, arch);
            for (const size of sizes) assert.ok(size > 340 && size <= 400, `${arch}: ${size}`);
            const inside = `[...document.querySelectorAll('.stage text')].every((text) => {
              const [own, all] = [text, text.ownerSVGElement].map((e) => e.getBoundingClientRect());
              return own.left >= all.left && own.right <= all.right && own.bottom <= all.bottom + 1;
            })`;
            assert.equal(await page.evaluate(inside), true, arch);
          };
          await open(arch, look, { width, colorScheme });
        }
      }
    }
  });

  it('shows the images of a cell that is clicked', () =>
    open('one', async (page) => {
      const cell = page.locator('.matrix button').first();
      await cell.click();
      const count = Number(await cell.textContent());
      assert.match(
        (await page.locator('.drill p').first().textContent()) ?? '',
        new RegExp(`^${count} image`),
      );
      assert.equal(await page.locator('.drill img').count(), Math.min(6, count));
    }));

  it('shows what a point of a curve is', () =>
    open('one', async (page) => {
      await page.locator('.chart [aria-roledescription="point"]').first().hover();
      assert.match((await page.locator('.tip').textContent()) ?? '', /epoch \d: [\d.]+$/);
    }));

  it('sorts the classes, and finds one', () =>
    open('many', async (page) => {
      const first = () => page.locator('#class-table tbody th').first().textContent();
      await page.locator('#class-table thead button').first().click();
      assert.equal(await first(), 'class 999');
      assert.equal(await page.locator('#class-table [aria-sort]').count(), 1);
      await page.getByRole('searchbox').fill('class 77');
      assert.equal(await page.locator('#class-table tbody tr:visible').count(), 22);
    }));

  it('has a matrix of 1,000 classes in which a pointer and keys choose cells', () =>
    open('many', async (page) => {
      const box = await page.locator('.pixels').boundingBox();
      const side = box?.width ?? 0;
      assert.ok(side > 900, `${side}`);
      await page.locator('.pixels').click({ position: { x: side * 0.5005, y: side * 0.5005 } });
      const title = page.locator('.drill p').first();
      assert.match((await title.textContent()) ?? '', /^3 images of class 500, which are right$/);
      await page.keyboard.press('ArrowDown');
      assert.match(
        (await title.textContent()) ?? '',
        /^0 images of class 501 taken for class 500$/,
      );
    }));

  it('reads without its script', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(pathToFileURL(at('one.html')).href);
    assert.ok(await page.locator('.chart svg').first().isVisible());
    assert.ok(await page.locator('#class-table').isVisible());
    await context.close();
  });
});
