/** `--smoke` passes what learns and resumes, and names what does not. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findArchitecture } from '../../../src/archs/index.js';
import { CHECKS } from '../../../src/commands/smoke/checks.js';
import { runSmoke } from '../../../src/commands/smoke/command.js';
import { smallestSize } from '../../../src/commands/smoke/smallest-size.js';
import { smoke } from '../../../src/commands/smoke/smoke.js';
import { UsageError } from '../../../src/errors.js';
import { SILENT } from '../../../src/session/reporter.js';
import { writeImages } from '../images.js';
import { temporaryDirectory } from '../program.js';

describe('--smoke', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  const given = (more: Readonly<Record<string, string>> = {}) => ({
    ...{ arch: 'lenet5', data: join(directory.path, 'data'), backend: 'cpu', precision: 'f32' },
    ...{ workers: '1', threads: '1', cache: 'none', ...more },
  });

  before(() => writeImages(join(directory.path, 'data')));

  // biome-ignore format: one network a row
  const SIZES = [
    // Padding aside, by hand: (((1 × 2 + 1 + 2) × 2 + 1 + …)) for AlexNet; five halvings for VGG.
    ['lenet5', 12], ['alexnet', 63], ['vgg16', 32], ['nin-cifar', 4],
    // Every window is padded: the product of the strides, twice that up to the last batch norm.
    ['resnet18', 64], ['resnet20-cifar', 8], ['densenet121', 64], ['vgg11-bn', 32],
  ] as const;
  for (const [arch, size] of SIZES) {
    it(`trains ${arch} at ${size} pixels`, async () => {
      const options = { channels: findArchitecture(arch).channels, auxiliary: true };
      assert.equal(await smallestSize(findArchitecture(arch), options), size);
    });
  }

  it('passes a network that learns, and leaves nothing', async () => {
    let copy = '';
    const { checks, losses, inputSize } = await smoke(given(), SILENT, (run) => {
      copy = run;
    });
    const all = Object.keys(CHECKS).map((name) => [name, null]);
    assert.deepEqual(checks, Object.fromEntries(all));
    assert.equal(losses.length, 2);
    assert.equal(inputSize, 12);
    assert.ok(copy !== '' && !existsSync(copy));
  });

  it('names the loss where it does not fall', async () => {
    const { checks } = await smoke(given({ lr: '1e-30' }));
    assert.match(checks.loss ?? '', /expected the median training loss to fall by 25 % at least/);
    assert.equal(checks.resume, null);
  });

  it('names a checkpoint that is damaged before it is resumed', async () => {
    const { checks } = await smoke(given(), SILENT, (run) => {
      const file = join(run, 'checkpoints', 'last', 'weights.bin');
      // The file of the whole run is the same one.
      rmSync(file);
      writeFileSync(file, 'damaged');
    });
    assert.match(checks.resume ?? '', /weights\.bin has 7 bytes/);
    assert.equal(checks.checkpoint, null);
  });

  it('names a run that goes on otherwise after it is resumed', async () => {
    const { checks } = await smoke(given(), SILENT, (run) => {
      const file = join(run, 'run.json');
      const record = JSON.parse(readFileSync(file, 'utf8'));
      record.settings['bias-lr-scale'].value *= 2;
      writeFileSync(file, JSON.stringify(record));
    });
    assert.match(checks.resume ?? '', /differs .* in .*state\.json/);
  });

  it('refuses flags that it decides, and says what is wrong with others', async () => {
    await assert.rejects(smoke(given({ epochs: '3' })), /^UsageError: Expected no --epochs with/);
    await assert.rejects(smoke(given({ 'opt-alpha': '0.5' })), /--opt with --opt-alpha/);
    await assert.rejects(smoke(given({ data: '/nowhere' })), /No dataset at/);
  });
});

describe('cnn smoke', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();

  before(() => writeImages(join(directory.path, 'data')));

  it('tables some networks, writes JUnit XML, and names the network that fails', async () => {
    const junit = join(directory.path, 'smoke.xml');
    const data = join(directory.path, 'data');
    const given = { names: ['lenet5'], data, backend: 'cpu', jobs: '2', junit };
    const broken = { ...given, seed: '-1' };
    const { lines, json, error } = await runSmoke(given);
    assert.equal(error, undefined, String(error));
    assert.deepEqual(
      json.map(({ arch }) => arch),
      ['lenet5'],
    );
    assert.match(lines[1] ?? '', /^lenet5 +12 +\d\.\d+ → \d\.\d+ +ok/);
    const xml = await readFile(junit, 'utf8');
    assert.match(xml, /tests="6" failures="0"/);
    await assert.rejects(runSmoke(broken), UsageError);
    const failing = await runSmoke({ ...given, data: '/nowhere' });
    assert.match(String(failing.error), /A check failed:\n {2}lenet5, training .*No dataset at/);
    assert.match(await readFile(junit, 'utf8'), /failures="1" errors="0" skipped="5"/);
  });

  it('wants networks or --all', async () => {
    await assert.rejects(runSmoke({}), /^UsageError: Expected networks or --all, for example/);
    await assert.rejects(runSmoke({ all: true, names: ['vgg11'] }), /not both/);
    await assert.rejects(runSmoke({ names: ['vg11'] }), /Did you mean "vgg11"/);
  });
});
