/** Pages of `cnn demo` in Chromium, held to `cnn predict`: `npm run test:browser` runs this. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { findArchitecture } from '../../src/archs/index.js';
import { openBackend } from '../../src/backend/index.js';
import { runDemo } from '../../src/commands/demo.js';
import { runPredict } from '../../src/commands/predict.js';
import { runTrain } from '../../src/commands/train.js';
import { IMAGENET_WORDS } from '../../src/data/layouts/labels/imagenet-words.js';
import { servePage } from '../../src/demo/serve.js';
import { writeWeights } from '../../src/runs/weights-files.js';
import { networkCard } from '../../src/session/network-card.js';
import { SILENT } from '../../src/session/reporter.js';
import { openSession } from '../../src/session/session.js';
import { temporaryDirectory } from '../commands/program.js';

const CHROMIUM = process.env['CNN_TEST_CHROMIUM'];
const SCREENSHOTS = process.env['CNN_TEST_SCREENSHOTS'];
const WIDTHS = { desktop: 1280, phone: 390 };
const MACHINE = { backend: 'cpu', precision: 'f32', workers: '1' };

describe('a page of cnn demo in a browser', function () {
  this.timeout(600_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  const models = (): Record<string, Record<string, string>> => ({
    lenet5: { checkpoint: at('runs/lenet5') },
    alexnet: { arch: 'alexnet', weights: at('alexnet.safetensors') },
    resnet18: { arch: 'resnet18', weights: at('resnet18.safetensors') },
  });
  let browser: Browser;

  before(async function () {
    if (CHROMIUM === undefined) return this.skip();
    const run = { arch: 'lenet5', data: 'mnist', epochs: '1', subset: '500/class' };
    const place = { output: at('runs'), experiment: 'lenet5' };
    await runTrain({ ...run, ...place, ...MACHINE, 'batch-size': '32' }, SILENT);
    tf.disposeVariables();
    await writeRandom('alexnet');
    await writeRandom('resnet18');
    for (const [name, model] of Object.entries(models())) {
      await runDemo({ ...model, out: at(name) }, SILENT);
      tf.disposeVariables();
    }
    await runDemo({ ...models()['lenet5'], float16: true, out: at('lenet5-float16') }, SILENT);
    tf.disposeVariables();
    await writePhotos();
    const args = [
      '--no-sandbox',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
    ];
    browser = await chromium.launch({ executablePath: CHROMIUM, args });
  });
  after(() => browser?.close());

  async function writeRandom(arch: string): Promise<void> {
    await openBackend('cpu', { precision: 'f32' });
    const architecture = findArchitecture(arch);
    const classes = [...IMAGENET_WORDS.keys()];
    const card = networkCard(architecture, { classes, inputSize: 224, channels: 3 });
    const { model } = openSession(architecture, card, 0);
    await writeWeights(at(`${arch}.safetensors`), model, architecture, card);
    tf.disposeVariables();
  }

  async function writePhotos(): Promise<void> {
    const [width, height] = [500, 375];
    const pixels = Buffer.alloc(3 * width * height);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const [x, y] = [pixel % width, Math.floor(pixel / width)];
      const inside = (x - 300) ** 2 + (y - 180) ** 2 < 9000;
      const wave = 127 * (1 + Math.sin(x / 23)) * (y / height);
      pixels.set([(255 * x) / width, wave, inside ? 230 : 40], 3 * pixel);
    }
    const photo = sharp(pixels, { raw: { width, height, channels: 3 } });
    await photo.clone().png().toFile(at('photo.png'));
    await photo
      .jpeg({ quality: 90 })
      .withExif({ IFD0: { Orientation: '6' } })
      .toFile(at('photo.jpg'));
    await writeFile(at('notes.png'), 'no image');
  }

  /** Opens a page; `look` fails if anything but its own files was loaded, or anything went wrong. */
  async function open(
    name: string,
    look: (page: Page) => Promise<void>,
    { width = WIDTHS.desktop, colorScheme = 'light' as 'light' | 'dark', address = '' } = {},
  ): Promise<void> {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    const folder = address || `${pathToFileURL(at(name)).href}/`;
    page.on('request', (request) => {
      const own = ['', 'index.html', 'weights-'].some((file) => {
        return file === '' ? request.url() === folder : request.url().startsWith(folder + file);
      });
      if (!own && !/^(data|blob):/.test(request.url())) problems.push(`loads ${request.url()}`);
    });
    try {
      await page.goto(address || `${folder}index.html`);
      await page.locator('#status', { hasText: 'is ready' }).waitFor({ timeout: 240_000 });
      await look(page);
      if (SCREENSHOTS !== undefined) {
        await mkdir(SCREENSHOTS, { recursive: true });
        const path = join(SCREENSHOTS, `demo-${name}-${width}-${colorScheme}.png`);
        await page.screenshot({ path, fullPage: true });
      }
      assert.deepEqual(problems, []);
    } finally {
      await context.close();
    }
  }

  /** The page's five classes and their probabilities. */
  async function guesses(page: Page): Promise<{ label: number; probability: number }[]> {
    await page.locator('#guesses li').first().waitFor({ timeout: 120_000 });
    const read = `[...document.querySelectorAll('#guesses li')].map(({ dataset }) => {
      return { label: Number(dataset.label), probability: Number(dataset.probability) };
    })`;
    return page.evaluate(read);
  }

  /** Fails unless `cnn predict` says the same of a file. */
  async function sameAsPredicted(
    name: string,
    file: string,
    found: Awaited<ReturnType<typeof guesses>>,
    within: number,
  ) {
    const given = { ...models()[name], ...MACHINE, images: [file], top: '1000' };
    const { json } = await runPredict(given, SILENT);
    tf.disposeVariables();
    const [{ top = [] } = {}] = json;
    assert.equal(found.length, 5);
    for (const [place, { label, probability }] of found.entries()) {
      const own = top.find((guess) => guess.class === label)?.probability ?? Number.NaN;
      assert.ok(Math.abs(probability - own) <= within * own, `${label}: ${probability}, ${own}`);
      // Another may be as likely, but none may be likelier.
      const best = top[place]?.probability ?? Number.NaN;
      assert.ok(Math.abs(best - own) <= within * own, `place ${place}: ${best}, ${own}`);
    }
  }

  /** What breaks the Web Content Accessibility Guidelines 2.2, levels A and AA, contrast included. */
  async function violations(page: Page): Promise<string[]> {
    await page.evaluate(axe.source);
    const tags = JSON.stringify(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']);
    const run = `axe.run(document, { runOnly: { type: 'tag', values: ${tags} } })`;
    const found = (await page.evaluate(run)) as axe.AxeResults;
    assert.ok(found.passes.some(({ id }) => id === 'color-contrast'));
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`),
    );
  }

  const drawSeven = async (page: Page) => {
    const { x = 0, y = 0 } = (await page.locator('#field').boundingBox()) ?? {};
    await page.mouse.move(x + 90, y + 60);
    await page.mouse.down();
    await page.mouse.move(x + 190, y + 60, { steps: 8 });
    await page.mouse.move(x + 120, y + 230, { steps: 8 });
    await page.mouse.up();
  };

  /** What the network saw, as a file. */
  async function writeSeen(page: Page, file: string): Promise<void> {
    const read = `(() => {
      const { width, height } = document.querySelector('#seen');
      const context = document.querySelector('#seen').getContext('2d');
      return [...context.getImageData(0, 0, width, height).data].filter((_, at) => at % 4 === 0);
    })()`;
    const grey = Buffer.from((await page.evaluate(read)) as number[]);
    assert.equal(grey.length, 28 * 28);
    const raw = { width: 28, height: 28, channels: 1 as const };
    await sharp(grey, { raw }).toColourspace('b-w').png().toFile(file);
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [device, width] of Object.entries(WIDTHS)) {
      it(`knows a digit that is drawn, in ${colorScheme} colours on a ${device}`, () =>
        open(
          'lenet5',
          async (page) => {
            await drawSeven(page);
            const found = await guesses(page);
            assert.equal(found[0]?.label, 7);
            await writeSeen(page, at('seen.png'));
            await sameAsPredicted('lenet5', at('seen.png'), found, 1e-3);
            // A loaded machine asks first.
            const go = page.locator('#look-go');
            if (await go.isVisible()) await go.click();
            await page.locator('#look-words', { hasText: '7: ' }).waitFor();
            await page.locator('#layer').selectOption('conv2');
            await page.locator('#maps-words', { hasText: 'The 16 maps of conv2' }).waitFor();
            assert.match(
              (await page.locator('#filters-words').textContent()) ?? '',
              /^The 6 filters/,
            );
            assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
            const paper = await page.evaluate('getComputedStyle(document.body).backgroundColor');
            assert.equal(paper, colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(22, 24, 29)');
          },
          { width, colorScheme },
        ));
    }
  }

  it('works with keys alone', () =>
    open('lenet5', async (page) => {
      const focused = () => page.evaluate('document.activeElement.id') as Promise<string>;
      const order: string[] = [];
      for (let presses = 0; presses < 20 && (await focused()) !== 'field'; presses++) {
        await page.keyboard.press('Tab');
      }
      await page.keyboard.press('ArrowUp');
      for (let step = 0; step < 4; step++) await page.keyboard.press('ArrowUp');
      await page.keyboard.press('Space');
      await page.locator('#status', { hasText: 'The pen is down' }).waitFor();
      for (let step = 0; step < 11; step++) await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Space');
      assert.equal((await guesses(page))[0]?.label, 1);
      await page.locator('#status', { hasText: /^The drawing: 1, [\d.]+ %$/ }).waitFor();
      for (let presses = 0; presses < 8; presses++) {
        order.push(await focused());
        await page.keyboard.press('Tab');
      }
      const expected = ['field', 'clear', 'file', 'camera', 'look-class'];
      assert.deepEqual(order.slice(0, expected.length), expected);
      await page.locator('#field').focus();
      await page.keyboard.press('Delete');
      await page.locator('#status', { hasText: 'The field is empty' }).waitFor();
    }));

  it('knows a digit with kernels of float16', () =>
    open('lenet5-float16', async (page) => {
      await drawSeven(page);
      const found = await guesses(page);
      assert.equal(found[0]?.label, 7);
      await writeSeen(page, at('seen-float16.png'));
      await sameAsPredicted('lenet5', at('seen-float16.png'), found, 3e-2);
      await page.locator('dd', { hasText: 'rounded to float16' }).waitFor();
    }));

  it('takes an image that is dropped on it', () =>
    open('lenet5', async (page) => {
      const session = await page.context().newCDPSession(page);
      // What a browser does when a file is dragged over its window.
      for (const file of ['photo.png', 'notes.png']) {
        const data = { items: [], files: [at(file)], dragOperationsMask: 1 };
        const drag = (type: 'dragEnter' | 'dragOver' | 'drop') =>
          session.send('Input.dispatchDragEvent', { type, x: 600, y: 300, data });
        await drag('dragEnter');
        await drag('dragOver');
        await page.locator('body.dropping').waitFor();
        await drag('drop');
        await page.locator('body:not(.dropping)').waitFor();
        if (file === 'photo.png') {
          await page.locator('#status', { hasText: 'photo.png: ' }).waitFor();
          await sameAsPredicted('lenet5', at(file), await guesses(page), 1e-3);
        } else await page.locator('#alert', { hasText: `${file} is no image` }).waitFor();
      }
    }));

  for (const name of ['alexnet', 'resnet18']) {
    it(`says of photographs what cnn predict says, with ${name}`, () =>
      open(name, async (page) => {
        await page.setInputFiles('#file', at('photo.png'));
        await sameAsPredicted(name, at('photo.png'), await guesses(page), 1e-3);
        await page.setInputFiles('#file', at('photo.jpg'));
        await page.locator('#status', { hasText: 'photo.jpg: ' }).waitFor();
        await sameAsPredicted(name, at('photo.jpg'), await guesses(page), 1e-2);
        await page.setInputFiles('#file', at('notes.png'));
        await page.locator('#alert', { hasText: 'notes.png is no image' }).waitFor();
        const method = name === 'alexnet' ? 'occlusion' : 'activation';
        assert.ok(await page.locator(`#method-${method}`).isVisible());
        const go = page.locator('#look-go');
        if (await go.isVisible()) await go.click();
        const words = page.locator('#look-words', { hasText: /: |% covered/ });
        await words.waitFor({ timeout: 120_000 });
      }));
  }

  /** Opens a page as a server gives it to the browser. */
  async function openServed(name: string, look: (page: Page) => Promise<void>): Promise<void> {
    const file = await readFile(at(name, 'index.html'));
    const server = await servePage(new Map([['index.html', file]]), 0);
    try {
      await open(name, look, { address: server.address, width: 800 });
    } finally {
      await server.close();
    }
  }

  it('takes an image that is pasted', () =>
    openServed('lenet5', async (page) => {
      // The clipboard of a browser without a window is its own.
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      const content = (await readFile(at('photo.png'))).toString('base64');
      await page.evaluate(`(async () => {
        const bytes = Uint8Array.from(atob('${content}'), (character) => character.charCodeAt(0));
        const image = new Blob([bytes], { type: 'image/png' });
        await navigator.clipboard.write([new ClipboardItem({ 'image/png': image })]);
      })()`);
      await page.keyboard.press('Control+V');
      await page.locator('#status', { hasText: 'image.png: ' }).waitFor();
      await sameAsPredicted('lenet5', at('photo.png'), await guesses(page), 1e-3);
    }));

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has no fault that axe finds, in ${colorScheme} colours`, () =>
      open(
        'lenet5',
        async (page) => {
          const before = await violations(page);
          await drawSeven(page);
          await guesses(page);
          await page.setInputFiles('#file', at('notes.png'));
          await page.locator('#alert', { hasText: 'notes.png is no image' }).waitFor();
          assert.deepEqual([...before, ...(await violations(page))], []);
        },
        { colorScheme },
      ));
  }

  it('takes images with a camera when it is served', () =>
    openServed('lenet5', async (page) => {
      await page.locator('#camera').click();
      await page.locator('#take').click();
      assert.equal((await guesses(page)).length, 5);
      await page.locator('#continuously').check();
      await page.locator('#status', { hasText: 'The camera: ' }).waitFor();
      await page.locator('#camera-off').click();
      assert.equal(await page.locator('#camera-panel').isVisible(), false);
    }));
});
