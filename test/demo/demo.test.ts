/** What `cnn demo` writes and serves; test/demo/browser.test.ts opens it in a browser. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture } from '../../src/archs/index.js';
import { openBackend } from '../../src/backend/index.js';
import { runDemo } from '../../src/commands/demo.js';
import { runExport } from '../../src/commands/export.js';
import { demoFiles } from '../../src/demo/files.js';
import { centredDigit } from '../../src/demo/page/digit.js';
import { servePage } from '../../src/demo/serve.js';
import type { ModelFiles } from '../../src/demo/source.js';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { writeWeights } from '../../src/runs/weights-files.js';
import { networkCard } from '../../src/session/network-card.js';
import { SILENT } from '../../src/session/reporter.js';
import { openSession } from '../../src/session/session.js';
import { temporaryDirectory } from '../commands/program.js';

describe('cnn demo', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  const given = { arch: 'lenet5', channels: '1' };

  before(async () => {
    const root = PACKAGE_ROOT;
    if (!existsSync(join(root, 'dist/demo/bundles/worker.js'))) {
      await promisify(execFile)(join(root, 'src/demo/bundle.sh'));
    }
    await openBackend('js', { precision: 'f32' });
    const architecture = findArchitecture('lenet5');
    const classes = [...'0123456789'].map((digit) => `<${digit}>`);
    const card = networkCard(architecture, { classes, inputSize: 28, channels: 1 });
    const { model } = openSession(architecture, card, 0);
    await writeWeights(at('lenet5.safetensors'), model, architecture, card);
    tf.disposeVariables();
  });
  afterEach(() => tf.disposeVariables());

  const demo = (more: Record<string, unknown>) => runDemo({ ...given, ...more }, SILENT);

  it('writes one page that holds the network and loads nothing', async () => {
    const { lines, json } = await demo({ weights: at('lenet5.safetensors'), out: at('page') });
    assert.deepEqual(await readdir(at('page')), ['index.html']);
    assert.match(lines[0] as string, /index\.html, 1\.\d MB; open it in a browser$/);
    const text = await readFile(at('page/index.html'), 'utf8');
    assert.equal((json as { bytes: number }).bytes, Buffer.byteLength(text));
    const [, policy = ''] = /Security-Policy" content="([^"]+)"/.exec(text) ?? [];
    const sha = "'sha256-[^']+'";
    const expected = `^default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src ${sha} 'wasm-unsafe-eval'; worker-src blob:; `;
    assert.match(policy.replaceAll('&#39;', "'"), new RegExp(expected));
    const loads = /.{20}(?:\ssrc=|https?:|url\().{20}/.exec(
      text.replaceAll(/<script.*?<\/script>/gs, ''),
    );
    assert.equal(loads, null);
    const held = (name: string) =>
      new RegExp(`<script type="[^"]+" class="${name}">([^<]*)</script>`).exec(text)?.[1] ?? '';
    const settings = JSON.parse(held('settings'));
    assert.deepEqual(settings, { bytes: settings.bytes, files: [], exifRotate: false });
    assert.equal(Buffer.from(held('weights'), 'base64').length, settings.bytes);
    assert.ok(settings.bytes >= 4 * 61_706);
    assert.deepEqual(JSON.parse(held('model')).userDefinedMetadata.classes[7], '<7>');
    assert.match(JSON.parse(held('worker')), /wasm/);
    assert.equal(Buffer.from(held('wasm'), 'base64').toString('latin1', 0, 4), '\0asm');
  });

  it('takes what cnn export wrote, a weights file without its flag, and turns photographs', async () => {
    const weights = at('lenet5.safetensors');
    await runExport({ ...given, weights, format: 'tfjs', output: at('export') });
    tf.disposeVariables();
    for (const [name, more] of [
      ['exported', { checkpoint: at('export'), arch: undefined, channels: undefined }],
      ['named', { checkpoint: at('export/model.json'), arch: undefined, channels: undefined }],
      ['file', { checkpoint: weights }],
      ['turned', { weights, 'exif-rotate': true }],
    ] as const) {
      await demo({ ...more, out: at(name) });
      const text = await readFile(at(name, 'index.html'), 'utf8');
      const one = await readFile(at('page/index.html'), 'utf8');
      if (name !== 'turned') assert.ok(text === one, name);
      else assert.match(text, /"exifRotate":true/);
    }
  });

  it('has weights of more than 16 MiB in scripts beside it', async () => {
    const page = await readFile(at('page/index.html'), 'utf8');
    const [, json = ''] = /class="model">([^<]*)</.exec(page) ?? [];
    const shards = Array.from({ length: 5 }, (_, place) => Buffer.alloc(2 ** 22, place + 1));
    const files = [
      ...shards.map((shard, place) => [`${place}`, shard] as const),
      ['model.json', Buffer.from(json)] as const,
    ];
    const written = new Map(demoFiles(files as ModelFiles, { exifRotate: false }));
    const names = shards.map((_, place) => `weights-${place + 1}.js`);
    assert.deepEqual([...written.keys()], [...names, 'index.html']);
    for (const [place, name] of names.entries()) {
      const [, text = ''] =
        /^cnnWeights\("(.*)"\)\n$/.exec(`${Buffer.from(written.get(name) ?? [])}`) ?? [];
      assert.ok(Buffer.from(text, 'base64').equals(shards[place] as Buffer), name);
    }
    const text = Buffer.from(written.get('index.html') ?? []).toString();
    assert.ok(text.includes(' &#39;self&#39; &#39;wasm-unsafe-eval&#39;; worker-src'));
    assert.ok(text.includes('"bytes":20971520,"files":["weights-1.js",'));
  });

  it('centres a drawing as MNIST does', () => {
    const [width, height] = [280, 280];
    const ink = new Uint8Array(width * height);
    assert.equal(centredDigit({ data: ink, width, height }), undefined);
    // A bar at the left edge, with a foot to its right.
    for (let y = 30; y < 230; y++) ink.fill(255, y * width + 4, y * width + (y > 200 ? 124 : 34));
    const digit = centredDigit({ data: ink, width, height }) as Uint8Array;
    assert.equal(digit.length, 28 * 28);
    const inked = [...digit.keys()].filter((at) => (digit[at] as number) > 127);
    const rows = inked.map((at) => Math.floor(at / 28));
    assert.equal(Math.max(...rows) - Math.min(...rows) + 1, 20);
    const mass = digit.reduce((sum, value) => sum + value, 0);
    const centre = (position: (at: number) => number) =>
      digit.reduce((sum, value, at) => sum + value * position(at), 0) / mass;
    assert.ok(Math.abs(centre((at) => at % 28) - 13.5) <= 0.5);
    assert.ok(Math.abs(centre((at) => Math.floor(at / 28)) - 13.5) <= 0.5);
  });

  it('serves the page to this machine alone, and names a port that is taken', async () => {
    const server = await servePage(new Map([['index.html', Buffer.from('page')]]), 0);
    const { port } = new URL(server.address);
    const answer = (path: string, host = `localhost:${port}`, method = 'GET') =>
      new Promise<string>((resolve, reject) => {
        const options = { host: '127.0.0.1', port, path, method, headers: { host } };
        const request = get(options, (response) => {
          let text = `${response.statusCode} `;
          response.on('data', (part) => {
            text += part;
          });
          response.on('end', () => resolve(text));
        });
        request.on('error', reject);
      });
    try {
      assert.equal(await answer('/'), '200 page');
      assert.equal(await answer('/index.html'), '200 page');
      assert.equal(await answer('/../package.json'), '404 ');
      assert.equal(await answer('/', 'example.org'), '404 ');
      const given = { weights: at('lenet5.safetensors'), serve: true, port, out: at('busy') };
      const message = new RegExp(`^RunError: Cannot serve at port ${port} of 127.0.0.1: another`);
      await assert.rejects(demo(given), message);
      assert.equal(existsSync(at('busy')), false);
    } finally {
      await server.close();
    }
    await assert.rejects(answer('/'));
  });

  it('is served until Ctrl-C', async () => {
    const notes: string[] = [];
    let ended: ReturnType<typeof runDemo> | undefined;
    const address = await new Promise<string>((resolve, reject) => {
      const note = (line: string) => {
        notes.push(line);
        resolve(/http:\S+/.exec(line)?.[0] ?? '');
      };
      const serving = { weights: at('lenet5.safetensors'), serve: true, port: '0' };
      ended = runDemo({ ...given, ...serving }, { ...SILENT, note });
      ended.catch(reject);
    });
    assert.ok((await (await fetch(address)).text()).includes('<title>lenet5<'));
    process.emit('SIGINT');
    assert.deepEqual((await ended)?.json, { address, out: null });
    await assert.rejects(fetch(address));
    assert.equal(notes.length, 1);
  });

  it('refuses what is no network, and writes nothing', async () => {
    await writeFile(at('notes.txt'), 'no network');
    await mkdir(at('run'));
    await writeFile(at('run/run.json'), '{}');
    await mkdir(at('other'));
    await writeFile(at('other/model.json'), '{"format": "layers-model"}');
    await mkdir(at('broken'));
    await writeFile(at('broken/model.json'), 'model');
    await mkdir(at('full'));
    await writeFile(at('full/file'), '');
    const weights = at('lenet5.safetensors');
    const alone = { arch: undefined, channels: undefined };
    for (const [more, message] of [
      [{ checkpoint: at('notes.txt') }, /notes\.txt/],
      [{ checkpoint: at('nowhere'), ...alone }, /nowhere/],
      [{ checkpoint: at('run'), ...alone }, /checkpoint/],
      [{ checkpoint: at('other'), ...alone }, /model\.json to be one that cnn export .* format is/],
      [{ checkpoint: at('broken'), ...alone }, /wrote but it is not JSON$/],
      [{ checkpoint: at('export'), channels: undefined }, /^UsageError: --arch does nothing to/],
      [{ weights, out: at('full') }, /new or empty directory but .*full holds file/],
      [{ weights, port: '9' }, /^UsageError: --port does nothing without --serve/],
      [{}, /--checkpoint is missing/],
    ] as const) {
      const out = 'out' in more ? more.out : at('nothing');
      await assert.rejects(demo({ out, ...more }), (error: Error) => {
        assert.match(`${error}`, message);
        assert.equal(error.message.includes('\n'), false, error.message);
        return true;
      });
      assert.equal(existsSync(at('nothing')), false);
    }
    await rm(at('export/group1-shard1of1.bin'));
    const damaged = { checkpoint: at('export'), ...alone, out: at('nothing') };
    await assert.rejects(demo(damaged), /^DataError: Cannot read .*group1-shard1of1\.bin/);
    assert.equal(existsSync(at('nothing')), false);
  });
});
