/** `cnn explain` as text, JSON and page; test/report/browser.test.ts opens pages in a browser. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import stringWidth from 'string-width';
import { runExplain } from '../../src/commands/explain/explain.js';
import type { Explanation } from '../../src/explain/explain.js';
import { COMMAND_OPTIONS } from '../../src/settings/commands.js';
import { temporaryDirectory } from './program.js';

describe('cnn explain', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();

  async function page(arch: string, more = {}) {
    const html = join(directory.path, `${arch}.html`);
    const result = await runExplain({ arch, html, ...more });
    return {
      ...result,
      explanation: result.json as Explanation,
      text: await readFile(html, 'utf8'),
    };
  }

  it('prints paper, stages, differences and results', async () => {
    const { lines } = await runExplain({ arch: 'resnet50' });
    const text = lines.join('\n');
    assert.match(text, /^resnet50: 50 layers with weights, 1,000 classes, images of 224×224×3$/m);
    assert.match(
      text,
      /^He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, 2015$/m,
    );
    assert.match(text, /^CVPR 2016; .*1512\.03385; table 1, column 50-layer/m);
    assert.match(
      text,
      /^conv5_x .*\[1×1, 512 · 3×3, 512 · 1×1, 2048\] × 3, the first \/2 +7×7×2048 +483 +32 +14,964,736 +732,168,192 +7×7$/m,
    );
    assert.match(text, /^total +25,557,032 +3,857,973,248 +3\.8 × 10⁹ FLOPs$/m);
    assert.match(text, /paper here:\n +training +90 epochs .*\(section 3\.4: /);
    assert.match(text, /in torchvision:\n +network +the stride is in the 3×3 .*v1\.5/);
    assert.match(text, /top-1 75\.30 %, top-5 92\.20 %: ILSVRC-2012 val, centre crop/);
    assert.doesNotMatch(text, /page/);
  });

  it('says what was asked for, and no accuracy of a changed network', async () => {
    const given = { arch: 'alexnet', 'arch-options': ['lrn=false'], 'input-size': '64' };
    const { lines, json } = await runExplain(given);
    const text = lines.join('\n');
    assert.match(text, /^alexnet \(lrn=false\): 1,000 classes, images of 64×64×3$/m);
    assert.match(text, /lrn=false \(--arch-options; .*section 3\.3.*, by default true\)/);
    assert.match(text, /images of 64×64 \(--input-size, by default 224\)/);
    assert.doesNotMatch(text, /Published|LRN/);
    assert.deepEqual((json as Explanation).options, ['lrn=false']);
  });

  it('has the whole of its operations on a narrow terminal', async () => {
    const { isTTY, columns } = process.stdout;
    Object.assign(process.stdout, { isTTY: true, columns: 80 });
    try {
      const { lines } = await runExplain({ arch: 'googlenet' });
      const start = lines.indexOf('') + 1;
      const table = lines.slice(start, lines.indexOf('', start));
      for (const line of table) assert.ok(stringWidth(line) <= 80, line);
      assert.doesNotMatch(table.join('\n'), /…/);
      assert.match(table.join(' ').replaceAll(/\s+/g, ' '), /inception \(3a\) 1×1, 64 \|/);
    } finally {
      Object.assign(process.stdout, { isTTY, columns });
    }
  });

  /** What each option is for. */
  const CHANGES = {
    'arch-options': [['inception=naive'], 'parameters'],
    'input-size': ['96', 'inputSize'],
    channels: ['1', 'channels'],
    'num-classes': ['7', 'classes'],
    auxiliary: [true, 'auxiliary'],
    html: ['page.html', 'html'],
    svg: ['drawing.svg', 'svg'],
  } as const;
  for (const option of COMMAND_OPTIONS.explain.filter((name) => name !== 'arch')) {
    it(`takes --${option}`, async () => {
      const [value, field] = CHANGES[option];
      const given = ['html', 'svg'].includes(option) ? join(directory.path, String(value)) : value;
      const of = async (more = {}) => {
        const { json } = await runExplain({ arch: 'googlenet', ...more });
        return (json as unknown as Record<string, unknown>)[field];
      };
      assert.notDeepEqual(await of({ [option]: given }), await of());
    });
  }

  it('writes a page with every stage, drawn and in its table', async () => {
    for (const arch of ['googlenet', 'resnet20-cifar']) {
      const { text, explanation, lines } = await page(arch, { auxiliary: arch === 'googlenet' });
      for (const id of ['drawing', 'stages', 'fields', 'differences']) {
        assert.match(text, new RegExp(`<section id="${id}"`), id);
      }
      for (const { name, operations } of explanation.stages) {
        assert.ok(text.includes(`aria-label="${name}: ${operations}; output `), name);
        assert.ok(text.includes(`<th scope="row">${name}</th>`), name);
      }
      assert.match(lines.at(-1) ?? '', /^page .*\.html, 0\.\d\d MB; open it in a browser$/);
    }
  });

  it('has drawings that other programs can read', async () => {
    const { text } = await page('densenet40-k12');
    const drawings = text.match(/<svg [\s\S]*?<\/svg>/g) ?? [];
    // The image, seven stages, and the receptive fields.
    assert.equal(drawings.length, 9);
    for (const drawing of drawings) {
      const svg = drawing.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ');
      const { width, height, format } = await sharp(Buffer.from(svg)).metadata();
      assert.equal(format, 'svg');
      assert.ok(width === 400 && height > 40, `${width}×${height}`);
      assert.doesNotMatch(drawing, /NaN|undefined|Infinity/);
    }
  });

  it('writes the drawing as one file, in colours that need no page', async () => {
    const svg = join(directory.path, 'resnet18.svg');
    const { json, lines } = await runExplain({ arch: 'resnet18', svg });
    const text = await readFile(svg, 'utf8');
    assert.doesNotMatch(text, /var\(|NaN|undefined/);
    for (const { name } of (json as Explanation).stages)
      assert.ok(text.includes(`>${name}</text>`));
    const { width = 0, height = 1 } = await sharp(Buffer.from(text)).metadata();
    assert.ok(width / height > 0.6 && width / height < 2.5, `${width}×${height}`);
    assert.equal(lines.at(-1), `drawing ${svg}`);
  });

  it('names no address, loads nothing and runs no other script', async () => {
    const { text } = await page('alexnet');
    assert.doesNotMatch(text, /https?:\/\/|\/\/cdn|@import|url\(|<img|href="(?!#)/);
    assert.equal(text.match(/<script/g)?.length, 1);
    assert.match(text, /content="default-src &#39;none&#39;; .*script-src &#39;sha256-/);
  });

  it('refuses heads that a network has not, and a page that it cannot write', async () => {
    const heads = { arch: 'lenet5', auxiliary: true };
    await assert.rejects(runExplain(heads), /lenet5 has no classifiers for --auxiliary to add/);
    await assert.rejects(runExplain({}), /--arch is missing.*--arch resnet50/);
    const html = join(directory.path, 'none/page.html');
    await assert.rejects(runExplain({ arch: 'lenet5', html }), /--html/);
  });
});
