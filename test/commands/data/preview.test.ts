import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { writeImages } from '../images.js';
import { cnn, temporaryDirectory } from '../program.js';

describe('cnn data', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  const cache = process.env['CNN_CACHE'];
  const at = (...names: string[]) => join(directory.path, ...names);

  before(async () => {
    process.env['CNN_CACHE'] = at('cache');
    await writeImages(at('data'), { size: 40 });
  });
  after(() => {
    if (cache === undefined) delete process.env['CNN_CACHE'];
    else process.env['CNN_CACHE'] = cache;
  });

  const preview = (out: string, ...more: string[]) =>
    cnn([
      ...['data', 'preview', '--arch', 'alexnet', '--input-size', '32', '--data', at('data')],
      ...['--out', at(out), '--images', '6', '-j', '1', ...more],
    ]);

  const train = (...more: string[]) =>
    cnn([
      ...['train', '--arch', 'lenet5', '--data', at('data'), '--input-size', '12'],
      ...['--batch-size', '6', '--max-steps', '1', '--backend', 'js', '-j', '1'],
      ...['--output', at('runs'), '--stats', 'dataset', ...more],
    ]);

  it('preview draws training images with their labels, the same ones again', async () => {
    const { code, stdout, stderr } = await preview('sheet.png', '--json');
    assert.equal(code, 0, stderr);
    const { columns, images } = JSON.parse(stdout);
    assert.deepEqual([columns, images.length], [3, 6]);
    for (const { file, label } of images) assert.ok(file.includes(`train/${label}/`), file);
    // Three columns and two rows of 128 pixels, with gaps of 8 and labels of 20.
    const { data, info } = await sharp(at('sheet.png')).raw().toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height, info.channels], [3 * 136 + 8, 2 * 156 + 8, 3]);
    const tile = data.subarray((20 * info.width + 20) * 3, (20 * info.width + 120) * 3);
    assert.ok(tile.some((level) => level !== 255));
    const again = await preview('again.png', '--augment', 'alexnet');
    assert.match(again.stdout, /^6 training images as alexnet sees them, in .*again\.png/);
    assert.deepEqual(await readFile(at('again.png')), await readFile(at('sheet.png')));
    await preview('other.png', '--color-pca', '0');
    assert.notDeepEqual(await readFile(at('other.png')), await readFile(at('sheet.png')));
  });

  it('preview refuses what it cannot write', async () => {
    const wrong = await preview('sheet.gif');
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--out to end in one of \.png, .*sheet\.gif/);
    const nowhere = await preview('nowhere/sheet.png');
    assert.equal(nowhere.code, 2);
    assert.match(nowhere.stderr, /Cannot write .*nowhere\/sheet\.png/);
  });

  it('stats measures, and a run takes it with --stats dataset', async () => {
    const early = await train();
    assert.equal(early.code, 2);
    assert.match(early.stderr, /run "cnn data stats --data .*data" first/);

    const text = await cnn(['data', 'stats', '--data', at('data')]);
    assert.equal(text.code, 0, text.stderr);
    const { stdout } = await cnn(['data', 'stats', '--data', at('data'), '--json', '-j', '1']);
    const { images, mean, std, principal, file } = JSON.parse(stdout);
    assert.equal(images, 18);
    assert.ok(file.startsWith(at('cache')));
    assert.match(
      text.stdout,
      new RegExp(`--mean ${mean[0].toFixed(4)}\n--std ${std[0].toFixed(4)}\n`),
    );

    const { code, stderr } = await train('--experiment', 'measured', '--color-pca', '0.1');
    assert.equal(code, 0, stderr);
    const record = JSON.parse(await readFile(at('runs/measured/run.json'), 'utf8'));
    assert.deepEqual(record.settings.mean, { value: mean, source: 'dataset' });
    assert.deepEqual(record.settings.std, { value: std, source: 'dataset' });
    assert.deepEqual(record.augmentation.principalColours, principal);
    assert.deepEqual(record.augmentation.transform.colour, 0.1);

    await rm(at('cache'), { recursive: true });
    const resumed = await cnn([
      ...['train', '--resume', at('runs/measured'), '--max-steps', '2', '--backend', 'js'],
    ]);
    assert.equal(resumed.code, 0, resumed.stderr);
    const later = JSON.parse(await readFile(at('runs/measured/run.json'), 'utf8'));
    assert.deepEqual(later.augmentation, record.augmentation);
    assert.deepEqual(later.settings.mean, record.settings.mean);
  });

  it('stats yield to what is given', async () => {
    await cnn(['data', 'stats', '--data', at('data'), '-j', '1']);
    await train('--experiment', 'given', '--mean', '0.4');
    const given = JSON.parse(await readFile(at('runs/given/run.json'), 'utf8'));
    assert.deepEqual(given.settings.mean, { value: [0.4], source: 'flag' });
    assert.equal(given.settings.std.source, 'dataset');
  });

  it('takes several numbers with commas or with spaces', async () => {
    const boxes = ['--augment', 'inception', '--json'];
    const spaces = await preview('a.png', ...boxes, '--scale', '0.3', '0.5', '--ratio', '1', '1.5');
    assert.equal(spaces.code, 0, spaces.stderr);
    await preview('b.png', ...boxes, '--scale', '0.3,0.5', '--ratio=1,1.5');
    assert.deepEqual(await readFile(at('a.png')), await readFile(at('b.png')));
  });
});
