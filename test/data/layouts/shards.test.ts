import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { withFile } from '../../../src/data/layouts/byte-source.js';
import { readMembers } from '../../../src/data/layouts/tar/tar.js';
import { inspectDataset, openDataset } from '../../../src/data/open-dataset.js';
import { namesOf, temporaryDirectory, writeTree } from '../images.js';
import { type Tree, writeTar } from './tars.js';

describe('shards', () => {
  const directory = temporaryDirectory();
  let made = 0;
  const newRoot = () => {
    const root = join(directory(), `set${made++}`);
    mkdirSync(root);
    return root;
  };

  /** Samples by their keys, each with the number of a class. */
  function samples(keys: readonly string[], label: string | null = 'cls'): Tree {
    const files: Record<string, string | number> = {};
    for (const [index, key] of keys.entries()) {
      files[`${key}.png`] = index;
      if (label !== null) files[`${key}.${label}`] = String(index % 2);
    }
    return files;
  }
  const keys = (key: (number: string) => string, count = 4) =>
    Array.from({ length: count }, (_, index) => key(`00000${index}`));

  /** Two shards of each part. */
  function set(files: Tree, parts: readonly string[] = ['train', 'val']): string {
    const root = newRoot();
    for (const part of parts) {
      for (const number of ['000000', '000001']) {
        writeTar(join(root, `x-${part}-${number}.tar`), files);
      }
    }
    return root;
  }

  async function isRefused(root: string, ...patterns: readonly RegExp[]): Promise<void> {
    const { index, problems } = await inspectDataset(root);
    assert.equal(index, undefined);
    for (const pattern of patterns) assert.match(problems.join('\n'), pattern);
    await assert.rejects(openDataset(root, { valFraction: 0.5 }), patterns[0] as RegExp);
  }

  it('whose names have one dot more are read as samples', async () => {
    const root = set(samples(keys((number) => `${number}.v2`)));
    const { classes, train, val, layout } = await openDataset(root);
    assert.equal(layout, 'WebDataset');
    assert.deepEqual(classes, ['0', '1']);
    assert.deepEqual([...train.labels], [0, 1, 0, 1, 0, 1, 0, 1]);
    assert.equal(val.labels.length, 8);
  });

  for (const key of ['scan.2_000000.v2', 'img.000000', 'a/b.000000', 'v1.2-000000.x']) {
    it(`with keys such as ${key}, which WebDataset takes for one, are refused`, async () => {
      const files = samples(keys((number) => key.replace('000000', number)));
      await isRefused(set(files), /sample \S+ in \S*x-train-000000\.tar has 4 images.*first dot/);
      await isRefused(set(files, ['a']), /sample \S+ in \S*x-a-000000\.tar has 4 images/);
      const root = newRoot();
      for (const part of ['train', 'val']) writeTar(join(root, `${part}/000.tar`), files);
      await isRefused(root, /sample \S+ in \S*train\/000\.tar has 4 images/, /val\/000\.tar/);
    });
  }

  it('with a mask beside each image have the image itself', async () => {
    const files: Record<string, string | number> = {};
    for (const number of ['0', '1', '2', '3']) {
      files[`${number}.cls`] = number;
      files[`${number}.mask.png`] = 9;
      files[`${number}.png`] = Number(number);
    }
    const { train } = await openDataset(set(files));
    for (const name of namesOf(train.images)) assert.match(name, /:\d\.png$/);
  });

  it('are never classes where nothing says the classes of samples', async () => {
    const caption = samples(
      keys((number) => number),
      'txt',
    );
    const bare = samples(
      keys((number) => number),
      null,
    );
    const beside = /holds 000000\.png, 000000\.txt side by side, as shards of WebDataset do/;
    await isRefused(set(caption), beside);
    await isRefused(set(caption, ['a']), /numbered as shards/);
    await isRefused(set(bare, ['a']), /x-a-000000\.tar, x-a-000001\.tar, are numbered as shards/);
    await isRefused(set(bare), /It is unclear which folders/);
    const root = newRoot();
    writeTar(join(root, 'train/00000.tar'), bare);
    writeTar(join(root, 'train/00001.tar'), bare);
    await isRefused(root, /00000\.tar, 00001\.tar, are numbered as shards/);
    writeTar(join(root, 'train/other.tar'), caption);
    await isRefused(root, beside);
  });

  it('in several folders are never classes either', async () => {
    const root = newRoot();
    for (const folder of ['00', '01']) {
      writeTar(join(root, `train/${folder}/000.tar`), samples(keys((number) => number)));
    }
    await isRefused(
      root,
      /train\/00\/000\.tar is a shard .* one folder/,
      /01\/000\.tar is a shard/,
    );
    const classes = newRoot();
    for (const name of ['ant', 'bee']) {
      for (const part of ['000', '001']) {
        writeTar(join(classes, `train/${name}/${part}.tar`), samples(['1', '2'], null));
      }
    }
    const { train } = await openDataset(classes, { valFraction: 0.25 });
    assert.deepEqual([...train.labels], [0, 0, 0, 1, 1, 1]);
  });

  it('are told from tar files that hold a class each', async () => {
    const root = newRoot();
    for (const name of ['n01440764', 'n01440765', 'cat']) {
      writeTar(join(root, `train/${name}.tar`), samples(['1', '2'], null));
      writeTar(join(root, `val/${name}.tar`), samples(['1'], null));
    }
    const { classes, train } = await openDataset(root);
    assert.deepEqual(classes, ['cat', 'n01440764', 'n01440765']);
    assert.deepEqual([...train.labels], [0, 0, 1, 1, 2, 2]);
  });

  it('whose first sample lacks its image or its label are recognised', async () => {
    const root = newRoot();
    const files = { '0.json': '{}', ...samples(['1', '2', '3']) };
    for (const part of ['train', 'val']) writeTar(join(root, `${part}-0.tar`), files);
    const { train, warnings } = await openDataset(root);
    assert.equal(train.labels.length, 3);
    assert.ok(warnings.some((text) => /1 samples in shards have no image/.test(text)));
  });

  it('for validation are those of val, not of test', async () => {
    const root = newRoot();
    for (const [index, part] of ['train', 'val', 'test'].entries()) {
      writeTar(join(root, `${part}-000.tar`), samples(keys((number) => number, 3 + index)));
    }
    const { train, val } = await openDataset(root);
    assert.deepEqual([train.labels.length, val.labels.length], [3, 4]);
  });

  it('with several faults have all of them told', async () => {
    const root = newRoot();
    writeTar(join(root, 'train-0.tar'), {
      '1.png': 1,
      '1.cls': '',
      '2.png': 2,
      '3.png': 3,
      '3.cls': '0',
    });
    writeTree(root, { 'train-1.tar': 'no tar file, '.repeat(100), 'train-2.tar': '' });
    writeTar(join(root, 'val-0.tar'), { '1.png': 1, '1.json': '{' });
    const { problems } = await inspectDataset(root);
    const expected = [
      /sample \S*train-0\.tar:1 has no class.* So have 1 more in this shard/,
      /train-1\.tar is not a tar file/,
      /train-2\.tar is not a tar file: it is empty/,
      /Expected \S*val-0\.tar:1\.json to be an object/,
    ];
    assert.equal(problems.length, expected.length, problems.join('\n'));
    for (const [index, pattern] of expected.entries()) assert.match(problems[index] ?? '', pattern);
  });

  it('cut off within a sample are truncated, and with whole samples only perhaps', async () => {
    const root = newRoot();
    writeTar(join(root, 'val-0.tar'), samples(['1']));
    const file = join(root, 'train-0.tar');
    // GNU tar sorts the names: the label comes before the image.
    for (const names of [
      ['1.cls', '1.png', '2.cls', '2.png', '3.cls', '3.png'],
      ['1.jpg', '1.json', '2.jpg', '2.json', '3.jpg', '3.json'],
    ]) {
      const files = Object.fromEntries(
        names.map((name, index) => {
          return [name, /png|jpg/.test(name) ? index : name.endsWith('cls') ? '0' : '{"cls":0}'];
        }),
      );
      writeTar(file, files);
      const bytes = readFileSync(file);
      const members = await withFile(file, undefined, (source) => readMembers(source, file));
      const endOf = (index: number) => {
        const { offset, size } = members[index] as (typeof members)[number];
        return offset + Math.ceil(size / 512) * 512;
      };
      truncateSync(file, endOf(2));
      const { problems } = await inspectDataset(root);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', /train-0\.tar is truncated: it ends after 2\.\w+, within/);
      await assert.rejects(openDataset(root), /train-0\.tar is truncated/);
      writeTree(root, { 'train-0.tar': bytes.subarray(0, endOf(3)) });
      const { train, warnings } = await openDataset(root);
      assert.equal(train.labels.length, 2);
      assert.ok(warnings.some((text) => /has no mark at its end/.test(text)));
    }
  });

  it('may have labels and a list of classes in any encoding', async () => {
    const root = newRoot();
    const files = {
      '1.png': 1,
      '1.cls': '\ufeff0\r\n',
      '2.png': 2,
      '2.cls': Buffer.from('1', 'utf16le'),
    };
    writeTar(join(root, 'train-0.tar'), files);
    writeTar(join(root, 'val-0.tar'), files);
    for (const list of [
      Buffer.from('\ufeffgrün\r\nrot\r\n'),
      Buffer.from('\ufeffgrün\r\nrot\r\n', 'utf16le'),
      Buffer.from('grün\rrot\r', 'latin1'),
    ]) {
      writeTree(root, { 'classes.txt': list });
      const { classes, train } = await openDataset(root);
      assert.deepEqual(classes, ['grün', 'rot']);
      assert.deepEqual([...train.labels], [0, 1]);
    }
    writeTree(root, { 'classes.txt': Buffer.from('1f8b0800000000000003', 'hex') });
    await assert.rejects(openDataset(root), /classes\.txt: it is not a text file: .*gzip/);
  });
});
