import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { loadIndex } from '../../src/data/index-cache.js';
import type { StoredHeader } from '../../src/data/index-check.js';
import { openDataset } from '../../src/data/open-dataset.js';
import { forged } from './forged-index.js';
import { namesOf, temporaryDirectory, writeTree } from './images.js';
import { writeTar } from './layouts/tars.js';

const CLASSES = ['a', 'b', 'ä'];
const PER_CLASS = 7000;
const LONG_AGO = new Date('2020-02-02');

describe('the kept index', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  const cacheBefore = process.env['CNN_CACHE'];
  let root = '';

  before(() => {
    process.env['CNN_CACHE'] = join(directory(), 'cache');
    root = join(directory(), 'set');
    for (const name of CLASSES) {
      writeTree(root, { [`train/${name}/0.png`]: 1, [`val/${name}/0.png`]: 2 });
      const folder = join(root, 'train', name);
      for (let i = 1; i < PER_CLASS; i++) linkSync(join(folder, '0.png'), join(folder, `${i}.png`));
    }
    rest();
  });
  after(() => {
    if (cacheBefore === undefined) delete process.env['CNN_CACHE'];
    else process.env['CNN_CACHE'] = cacheBefore;
  });

  /** Lets all directories look as if nothing had happened for long. */
  function rest(): void {
    for (const part of ['train', 'val']) {
      for (const name of CLASSES) utimesSync(join(root, part, name), LONG_AGO, LONG_AGO);
      utimesSync(join(root, part), LONG_AGO, LONG_AGO);
    }
    utimesSync(root, LONG_AGO, LONG_AGO);
  }
  const files = () => {
    const indexes = join(directory(), 'cache/indexes');
    return existsSync(indexes) ? readdirSync(indexes) : [];
  };

  it('is the index that was made', async () => {
    const made = await openDataset(root);
    assert.equal(files().length, 1);
    const kept = await loadIndex(root);
    assert.ok(kept !== undefined);
    const { train, val, ...about } = await openDataset(root);
    const { train: madeTrain, val: madeVal, ...madeAbout } = made;
    assert.deepEqual(about, madeAbout);
    for (const [one, other] of [
      [train, madeTrain],
      [val, madeVal],
    ] as const) {
      assert.deepEqual(one.labels, other.labels);
      assert.deepEqual(namesOf(one.images), namesOf(other.images));
      assert.deepEqual(one.images.locate(1), other.images.locate(1));
    }
  });

  it('serves the dataset under another name of its directory', async () => {
    const link = join(directory(), 'link');
    symlinkSync(root, link);
    const { train, name } = await openDataset(link);
    assert.equal(train.images.name(1), join(link, 'train/a/1.png'));
    assert.equal(name, 'link');
    assert.equal(files().length, 1);
  });

  it('is made again when a directory changed, and not kept while it is changing', async () => {
    assert.ok((await loadIndex(root)) !== undefined);
    writeTree(root, { 'train/b/new.png': 3 });
    assert.equal(await loadIndex(root), undefined);
    const changed = await openDataset(root);
    assert.equal(changed.train.images.length, 3 * PER_CLASS + 1);
    assert.equal(await loadIndex(root), undefined, 'kept though it had just changed');
    rmSync(join(root, 'train/b/new.png'));
    rest();
    assert.equal((await openDataset(root)).train.images.length, 3 * PER_CLASS);
    assert.ok((await loadIndex(root)) !== undefined);
  });

  it('is made again when it is damaged or of another version', async () => {
    const file = join(directory(), 'cache/indexes', files()[0] ?? '');
    const bytes = readFileSync(file);
    for (const at of [0, 5, 20, 2000, bytes.length - 1]) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] as number) ^ 1;
      writeFileSync(file, damaged);
      assert.equal(await loadIndex(root), undefined, `byte ${at}`);
    }
    for (const length of [0, 10, 16, 100, bytes.length - 8]) {
      writeFileSync(file, bytes.subarray(0, length));
      assert.equal(await loadIndex(root), undefined, `length ${length}`);
    }
    assert.equal((await openDataset(root)).train.images.length, 3 * PER_CLASS);
    assert.deepEqual(readFileSync(file), bytes);
  });

  it('of a stranger is no index, whatever it says', async () => {
    const file = join(directory(), 'cache/indexes', files()[0] ?? '');
    const bytes = readFileSync(file);
    const believed = async (change: (header: StoredHeader, columns: Buffer) => void) => {
      writeFileSync(file, forged(bytes, change));
      return (await loadIndex(root)) !== undefined;
    };
    assert.ok(await believed(() => {}), 'one that was not changed');
    const changes: Record<string, (header: StoredHeader, columns: Buffer) => void> = {
      'depends on nothing': (header) => header.sources.splice(0),
      'leads out of the dataset': ({ train }) => {
        (train.places[0] as { path: string }).path = '/../elsewhere';
      },
      'of another root': (header) => {
        header.root = '/';
      },
      'of fewer classes than labels': ({ about }) => {
        about.classes.pop();
        about.words.pop();
      },
      'of more images': ({ train }) => {
        train.images += 1;
      },
      'of too many images': ({ train }) => {
        train.images = 2 ** 50;
      },
      'has sizes that are none': (_, columns) => columns.writeDoubleLE(Number.NaN, 0),
    };
    for (const [what, change] of Object.entries(changes)) {
      assert.equal(await believed(change), false, what);
    }
    for (const make of [['mkfifo'], ['ln', '-s', '/dev/zero'], ['mkdir']]) {
      rmSync(file, { recursive: true });
      execFileSync(make[0] as string, [...make.slice(1), file]);
      assert.equal(await loadIndex(root), undefined, make.join(' '));
    }
    rmSync(file, { recursive: true });
    writeFileSync(file, bytes);
  });

  it('holds tar files with the places of their images', async () => {
    const tar = join(directory(), 'set.tar');
    const names = Array.from(
      { length: 20_001 },
      (_, index) => `train/${CLASSES[index % 3]}/${index}.png`,
    );
    writeTar(tar, Object.fromEntries(names.map((name) => [name, 'p'])));
    const options = { valFraction: 0.1 };
    await assert.rejects(
      openDataset(tar, options),
      /Cannot read any of 10 images, .*set\.tar:train/,
    );
    writeTar(tar, { 'train/a/!.png': 1, ...Object.fromEntries(names.map((name) => [name, 'p'])) });
    utimesSync(tar, LONG_AGO, LONG_AGO);
    const { train } = await openDataset(tar, options);
    assert.equal(files().length, 2);
    const again = (await openDataset(tar, options)).train;
    assert.deepEqual(again.images.locate(5000), train.images.locate(5000));
    utimesSync(tar, new Date(), new Date());
    assert.equal(await loadIndex(tar), undefined);
  });

  it('that cannot be written does no harm and is told of', async () => {
    const blocked = join(directory(), 'blocked');
    writeFileSync(blocked, '');
    process.env['CNN_CACHE'] = blocked;
    const { warnings, train } = await openDataset(root);
    process.env['CNN_CACHE'] = join(directory(), 'cache');
    assert.equal(train.images.length, 3 * PER_CLASS);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /Cannot keep the index of .*Set CNN_CACHE/);
  });
});
