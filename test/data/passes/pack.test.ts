import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resample, resizedSize } from '../../../src/augment/index.js';
import { readImage } from '../../../src/data/decode/decode.js';
import { AS_PILLOW } from '../../../src/data/decode/decode-options.js';
import { encodePng } from '../../../src/data/decode/png.js';
import { readBytes } from '../../../src/data/decode/read-bytes.js';
import { findIndex, openDataset } from '../../../src/data/open-dataset.js';
import { type PackOptions, packDataset } from '../../../src/data/passes/pack.js';
import { DataError, UsageError } from '../../../src/errors.js';
import { cnn } from '../../commands/program.js';
import { asSharp, namesOf, temporaryDirectory, testImage, writeTree } from '../images.js';

const OPTIONS: PackOptions = {
  ...{ reading: AS_PILLOW, size: 32, quality: 95, workers: 2, onBadImage: 'skip', perShard: 3 },
  onProgress: () => {},
};

describe('packing a dataset', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory(), ...names);
  const pack = async (out: string, more: Partial<PackOptions> = {}) =>
    packDataset(await findIndex(at('set')), at(out), { ...OPTIONS, ...more });

  before(async () => {
    const wide = await asSharp(testImage(100, 50, 3, 7))
      .jpeg()
      .toBuffer();
    writeTree(at('set'), {
      'train/n01440764/a.jpg': wide,
      'train/n01440764/b.png': 1,
      'train/n01440764/c.png': encodePng(testImage(40, 90, 1, 3)),
      'train/n01443537/bad1.jpg': 'text',
      'train/n01443537/bad2.jpg': 'text',
      'train/n01443537/bad3.jpg': 'text',
      'train/n01443537/d.png': 2,
      'train/n01443537/e.png': encodePng(testImage(64, 64, 3, 4)),
      'val/n01440764/f.png': 5,
      'val/n01443537/g.png': 6,
    });
  });

  it('gives shards that are read as a dataset of the same images, classes and words', async () => {
    const seen: number[] = [];
    const packed = await pack('packed', { onProgress: (done) => seen.push(done) });
    assert.equal(seen.at(-1), 10);
    assert.deepEqual([packed.images, packed.shards], [7, 3]);
    const bad = ['bad1.jpg', 'bad2.jpg', 'bad3.jpg'].map((name) => at('set/train/n01443537', name));
    assert.deepEqual([...packed.unreadable.keys()], bad);
    const dataset = await openDataset(at('packed'));
    assert.equal(dataset.layout, 'WebDataset');
    assert.deepEqual(dataset.classes, ['n01440764', 'n01443537']);
    assert.deepEqual(dataset.words, ['tench, Tinca tinca', 'goldfish, Carassius auratus']);
    assert.deepEqual([...dataset.train.labels], [0, 0, 0, 1, 1]);
    assert.deepEqual([...dataset.val.labels], [0, 1]);
    const source = await findIndex(at('set'));
    for (const [i, from] of [0, 1, 2, 6, 7].entries()) {
      const original = await readImage(source.train.images.locate(from));
      const { width, height } = original;
      const to = Math.min(width, height) > 32 ? resizedSize(width, height, 32) : original;
      const box = { left: 0, top: 0, width, height, clipped: false, outLeft: 0, outTop: 0 };
      const small = resample(original, { ...box, outWidth: to.width, outHeight: to.height });
      const read = await readImage(dataset.train.images.locate(i));
      assert.deepEqual(
        [read.width, read.height, read.channels],
        [to.width, to.height, original.channels],
      );
      const off = small.data.reduce(
        (sum, value, k) => sum + Math.abs(value - (read.data[k] ?? 0)),
        0,
      );
      assert.ok(off / small.data.length < 4, `${i} is off by ${off / small.data.length}`);
    }
  });

  it('is readable by any tar, and sample by sample through its index', () => {
    for (const shard of ['train-000000', 'train-000001', 'val-000000']) {
      const file = at('packed', `${shard}.tar`);
      const members = execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).trim().split('\n');
      const [head = '', ...lines] = readFileSync(at('packed', `${shard}.idx`), 'utf8')
        .trim()
        .split('\n');
      assert.equal(head, `v1.2 ${lines.length}`);
      assert.equal(members.length, 2 * lines.length);
      for (const [i, line] of lines.entries()) {
        const [jpg, offset, size, name = '', cls, clsOffset, clsSize, clsName] = line.split(' ');
        assert.deepEqual([jpg, cls], ['jpg', 'cls']);
        assert.deepEqual([name, clsName], members.slice(2 * i, 2 * i + 2));
        assert.equal(name.replace('.jpg', '.cls'), clsName);
        const bytes = readBytes({ file, offset: Number(offset), length: Number(size) });
        assert.deepEqual(execFileSync('tar', ['-xOf', file, name]), bytes);
        const label = readBytes({ file, offset: Number(clsOffset), length: Number(clsSize) });
        assert.match(label.toString(), /^[01]$/);
      }
    }
    const { shardlist } = JSON.parse(readFileSync(at('packed/train.json'), 'utf8'));
    assert.deepEqual(
      shardlist.map(({ url, nsamples }: { url: string; nsamples: number }) => [url, nsamples]),
      [
        ['train-000000.tar', 3],
        ['train-000001.tar', 2],
      ],
    );
    const size = statSync(at('packed/train-000000.tar')).size;
    assert.equal(shardlist[0].filesize, size);
  });

  it('appears when it is complete, and continues after an interruption to the same bytes', async () => {
    const interrupted = pack('resumed', {
      onProgress: (done) => {
        if (done === 8) throw new Error('interrupted');
      },
    });
    await assert.rejects(interrupted, /interrupted/);
    assert.ok(!existsSync(at('resumed')));
    const first = at('resumed.partial/train-000000.tar');
    const before = statSync(first).ino;
    const seen: number[] = [];
    const packed = await pack('resumed', { workers: 1, onProgress: (done) => seen.push(done) });
    assert.equal(seen[0], 7);
    assert.equal(packed.unreadable.size, 3);
    assert.equal(statSync(at('resumed/train-000000.tar')).ino, before);
    assert.ok(!existsSync(at('resumed.partial')));
    const files = readdirSync(at('packed'));
    assert.deepEqual(readdirSync(at('resumed')), files);
    for (const file of files) {
      assert.deepEqual(readFileSync(at('resumed', file)), readFileSync(at('packed', file)), file);
    }
  });

  it('refuses a directory that is taken, begun otherwise or damaged', async () => {
    await assert.rejects(pack('packed'), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /packed exists already: choose another --out/);
      return true;
    });
    const fail = pack('begun', { onBadImage: 'fail' });
    await assert.rejects(fail, (error) => {
      assert.ok(error instanceof DataError);
      assert.match(error.message, /Cannot read the image .*bad1\.jpg: unsupported.*is kept/);
      return true;
    });
    await assert.rejects(pack('begun', { quality: 90 }), /begun with other images or settings/);
    writeFileSync(at('begun.partial/train-000000.tar'), 'short');
    await assert.rejects(pack('begun'), /train-000000\.tar has 5 bytes.*Delete it and start again/);
  });

  it('turns images upright on request', async () => {
    const odd = join(import.meta.dirname, '../decode/odd-images');
    writeTree(at('turned'), {
      'train/a/1.jpg': readFileSync(join(odd, 'turned-6.jpg')),
      'train/b/1.jpg': readFileSync(join(odd, 'turned-1.jpg')),
    });
    const reading = { ...AS_PILLOW, exifRotate: true };
    await packDataset(await findIndex(at('turned')), at('upright'), { ...OPTIONS, reading });
    const { train } = await findIndex(at('upright'));
    const sizes = [0, 1].map(async (i) => readImage(train.images.locate(i)));
    const shapes = (await Promise.all(sizes)).map(({ width, height }) => [width, height]);
    assert.deepEqual(shapes, [
      [24, 40],
      [40, 24],
    ]);
  });

  it('from the command line makes what a training takes', async () => {
    const out = at('cli/');
    const packed = await cnn([
      'data',
      'pack',
      '--data',
      at('set'),
      '--out',
      out,
      '--size',
      '16',
      '--json',
    ]);
    assert.equal(packed.code, 0, packed.stderr);
    const { images, shards, unreadable } = JSON.parse(packed.stdout);
    assert.deepEqual([images, shards, unreadable.length], [7, 2, 3]);
    assert.match(packed.stderr, /3 images could not be read, which were left out/);
    assert.equal(namesOf((await openDataset(out)).train.images).length, 5);
    const trained = await cnn([
      ...['train', '--arch', 'lenet5', '--data', out, '--output', at('runs'), '--input-size', '12'],
      ...['--batch-size', '2', '--epochs', '1', '--backend', 'js', '--workers', '1'],
    ]);
    assert.equal(trained.code, 0, trained.stderr);
  });
});
