import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Split } from '../../src/data/dataset.js';
import { openDataset } from '../../src/data/open-dataset.js';
import { nameBelow } from '../../src/data/selection.js';
import { DataError, UsageError } from '../../src/errors.js';
import { namesOf, temporaryDirectory, writeTree } from './images.js';

const SIZES = { a: 10, b: 20, c: 40, d: 1 } as const;

describe('a selection', () => {
  const directory = temporaryDirectory();
  let whole = '';
  let single = '';
  before(() => {
    whole = join(directory(), 'whole');
    single = join(directory(), 'single');
    for (const root of [whole, single]) mkdirSync(root);
    for (const [name, size] of Object.entries(SIZES)) {
      const files = Object.fromEntries(
        Array.from({ length: size }, (_, i) => [`${name}/${i}.png`, i]),
      );
      writeTree(join(whole, 'train'), files);
      writeTree(single, files);
      writeTree(join(whole, 'val'), { [`${name}/1.png`]: 1, [`${name}/2.png`]: 2 });
    }
  });

  const counts = ({ labels }: Split, classes: number) =>
    Array.from({ length: classes }, (_, label) => labels.filter((at) => at === label).length);
  const names = ({ images }: Split) => namesOf(images);

  it('of everything is the dataset', async () => {
    const data = await openDataset(whole);
    const again = await openDataset(whole, {
      subset: null,
      classes: null,
      valFraction: null,
      seed: 3,
    });
    assert.deepEqual([names(again.train), names(again.val)], [names(data.train), names(data.val)]);
    assert.equal(again.fingerprint, data.fingerprint);
  });

  it('has one print of what is evaluated, whichever training images were drawn', async () => {
    const of = async (root: string, options = {}) => (await openDataset(root, options)).evaluation;
    const all = await of(whole);
    assert.match(all, /^[0-9a-f]{64}$/);
    for (const options of [
      { subset: '0.5', seed: 1 },
      { subset: '0.5', seed: 2 },
      { subset: '3/class' },
    ]) {
      assert.equal(await of(whole, options), all);
      assert.notEqual((await openDataset(whole, options)).fingerprint, all);
    }
    assert.notEqual(await of(whole, { classes: 'a,b' }), all);
    const drawn = await of(single, { valFraction: 0.3, seed: 1 });
    assert.equal(await of(single, { valFraction: 0.3, seed: 1, subset: '0.5' }), drawn);
    assert.notEqual(await of(single, { valFraction: 0.3, seed: 2 }), drawn);
  });

  it('of a fraction for validation draws from each class, and keeps one image on either side', async () => {
    const { train, val, classes } = await openDataset(single, { valFraction: 0.1, seed: 1 });
    assert.deepEqual(classes, ['a', 'b', 'c', 'd']);
    assert.deepEqual(counts(val, 4), [1, 2, 4, 0]);
    assert.deepEqual(counts(train, 4), [9, 18, 36, 1]);
    assert.deepEqual(new Set([...names(train), ...names(val)]).size, 71);
    const tiny = await openDataset(single, { valFraction: 0.001 });
    assert.deepEqual(counts(tiny.val, 4), [1, 1, 1, 0]);
    const most = await openDataset(single, { valFraction: 0.999 });
    assert.deepEqual(counts(most.train, 4), [1, 1, 1, 1]);
  });

  it('depends on the seed alone', async () => {
    for (const options of [{ valFraction: 0.3 }, { valFraction: 0.3, subset: '0.5' }]) {
      const one = await openDataset(single, { ...options, seed: 1 });
      const same = await openDataset(single, { ...options, seed: 1 });
      const other = await openDataset(single, { ...options, seed: 2 });
      assert.deepEqual(names(same.val), names(one.val));
      assert.deepEqual(names(same.train), names(one.train));
      assert.equal(same.fingerprint, one.fingerprint);
      assert.notDeepEqual(names(other.val), names(one.val));
      assert.notEqual(other.fingerprint, one.fingerprint);
    }
  });

  it('of a share or a number of each class takes training images alone, in their order', async () => {
    const all = await openDataset(whole);
    for (const [subset, expected] of [
      ['0.1', [1, 2, 4, 1]],
      ['0.5', [5, 10, 20, 1]],
      ['1', [10, 20, 40, 1]],
      ['15/class', [10, 15, 15, 1]],
    ] as const) {
      const { train, val } = await openDataset(whole, { subset });
      assert.deepEqual(counts(train, 4), expected);
      assert.deepEqual(names(val), names(all.val));
      const kept = new Set(names(train));
      assert.deepEqual(
        names(all.train).filter((name) => kept.has(name)),
        names(train),
      );
    }
  });

  it('is spread over a class, not its first images', async () => {
    const { train } = await openDataset(whole, { subset: '20/class' });
    const numbers = names(train)
      .filter((name) => name.includes('/c/'))
      .map((name) => Number(basename(name, '.png')));
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    assert.ok(Math.abs(mean - 19.5) < 6, `mean ${mean}`);
  });

  it('of classes renumbers them, and leaves what is drawn from them as it was', async () => {
    const { train, val, classes } = await openDataset(whole, { classes: 'c, a' });
    assert.deepEqual(classes, ['a', 'c']);
    assert.deepEqual(counts(train, 2), [10, 40]);
    assert.deepEqual(counts(val, 2), [2, 2]);
    const options = { valFraction: 0.2, subset: '0.5', seed: 4 };
    const all = await openDataset(single, options);
    const some = await openDataset(single, { ...options, classes: 'b,c' });
    const ofSome = (split: Split) => names(split).filter((name) => /\/[bc]\//.test(name));
    assert.deepEqual(names(some.val), ofSome(all.val));
    assert.deepEqual(names(some.train), ofSome(all.train));
  });

  it('from files takes what they list', async () => {
    const lists = join(directory(), 'lists');
    mkdirSync(lists);
    writeFileSync(join(lists, 'classes'), 'd\r\nb\n\n');
    writeFileSync(join(lists, 'subset'), './train/b/3.png\ntrain/d/0.png\ntrain/b/11.png\n');
    const data = await openDataset(whole, {
      classes: join(lists, 'classes'),
      subset: join(lists, 'subset'),
    });
    assert.deepEqual(data.classes, ['b', 'd']);
    assert.deepEqual(
      Array.from(data.train.labels, (_, index) => nameBelow(whole, data.train.images, index)),
      ['train/b/11.png', 'train/b/3.png', 'train/d/0.png'],
    );
    writeFileSync(join(lists, 'subset'), 'train/b/3.png\nval/b/1.png\n');
    await assert.rejects(
      openDataset(whole, { subset: join(lists, 'subset') }),
      /lists 1 image that.*val\/b\/1\.png\. Expected names such as train\/a\/0\.png/,
    );
  });

  it('names classes by their words where one class alone has them', async () => {
    const root = join(directory(), 'wnids');
    for (const wnid of ['n02012849', 'n03126707', 'n01440764', 'n01443537']) {
      writeTree(root, { [`train/${wnid}/1.png`]: 1, [`val/${wnid}/1.png`]: 1 });
    }
    const { classes, words } = await openDataset(root, { classes: 'goldfish,tench' });
    assert.deepEqual(classes, ['n01440764', 'n01443537']);
    assert.deepEqual(words, ['tench, Tinca tinca', 'goldfish, Carassius auratus']);
    await assert.rejects(
      openDataset(root, { classes: 'crane,tench' }),
      /n02012849, n03126707 are called so/,
    );
  });

  it('leaves out validation classes that train lacks', async () => {
    const root = join(directory(), 'strangers');
    writeTree(root, { 'train/a/1.png': 1, 'train/b/1.png': 1, 'val/a/1.png': 1, 'val/x/1.png': 1 });
    await assert.rejects(openDataset(root), /The class "x".*--classes takes some/);
    const { val } = await openDataset(root, { classes: 'a,b' });
    assert.deepEqual([...val.labels], [0]);
  });

  it('that does not fit says why', async () => {
    const cases: [string, object, typeof UsageError | typeof DataError, RegExp][] = [
      [whole, { valFraction: 0.1 }, UsageError, /validation images of its own in \S*val/],
      [single, {}, DataError, /single has no part for validation.*--val-fraction 0\.1/],
      [whole, { classes: 'a,bb' }, UsageError, /"bb", which is no one class of \S*whole\./],
      [whole, { classes: 'a' }, UsageError, /at least two classes/],
      [whole, { subset: '0' }, UsageError, /Expected --subset to be a share.*received "0"/],
      [whole, { subset: '1.5' }, UsageError, /Expected --subset/],
      [whole, { subset: '0/class' }, UsageError, /Expected --subset/],
      [whole, { subset: 'nofile' }, UsageError, /Expected --subset.*"nofile"/],
    ];
    for (const [root, options, kind, message] of cases) {
      await assert.rejects(openDataset(root, options), (error: unknown) => {
        assert.ok(error instanceof kind, `${error}`);
        assert.match(error.message, message);
        return true;
      });
    }
  });
});
