import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { inspectDataset, openDataset } from '../../../src/data/open-dataset.js';
import { DataError } from '../../../src/errors.js';
import { temporaryDirectory, writeTree } from '../images.js';
import { type Tree, writeTar } from './tars.js';

const meta = readFileSync(new URL('meta.mat', import.meta.url));

describe('a file that is not what its name says', () => {
  const directory = temporaryDirectory();
  let made = 0;
  function tree(files: Tree): string {
    const root = join(directory(), `set${made++}`);
    mkdirSync(root);
    writeTree(root, files);
    return root;
  }
  /** The only problem of a dataset. */
  async function problemOf(root: string): Promise<string> {
    const { problems } = await inspectDataset(root);
    assert.equal(problems.length, 1, problems.join('\n'));
    await assert.rejects(openDataset(root), (error: unknown) => {
      assert.ok(error instanceof DataError, `${error}`);
      assert.equal(error.message, problems[0]);
      return true;
    });
    return problems[0] as string;
  }

  const tar = () => {
    const file = join(directory(), 'whole.tar');
    writeTar(file, { 'ant/1.png': 1, 'bee/1.png': 2 });
    return readFileSync(file);
  };
  const random = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * i * 31 + i * 17) % 251));
  const damaged = (at: number, bytes: number[]) => {
    const copy = Buffer.from(tar());
    copy.set(bytes, at);
    return copy;
  };
  /** The header of ant/1.png with another size, and the checksum that it has then. */
  const sized = (size: number[]) => {
    const copy = damaged(512 + 124, size);
    const header = copy.subarray(512, 1024);
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return copy;
  };
  const contents: readonly [what: string, bytes: () => Buffer, message: RegExp][] = [
    ['gzip', () => gzipSync(tar()), /is not a tar file: it is compressed with gzip; unpack it/],
    ['bzip2', () => Buffer.concat([Buffer.from('BZh91AY&SY'), random]), /compressed with bzip2/],
    ['xz', () => Buffer.concat([Buffer.from('fd377a585a00', 'hex'), random]), /compressed with xz/],
    ['zstd', () => Buffer.concat([Buffer.from('28b52ffd', 'hex'), random]), /compressed with zstd/],
    ['ZIP', () => Buffer.concat([Buffer.from('504b0304', 'hex'), random]), /is a ZIP archive/],
    ['HTML', () => Buffer.from('<!DOCTYPE html><title>404</title>'), /is a web page; its download/],
    ['HTML of a block', () => Buffer.from(`\n<html>${' '.repeat(2000)}`), /is a web page/],
    ['Git LFS', () => Buffer.from('version https://git-lfs.github.com/spec/v1\n'), /git lfs pull/],
    ['random bytes', () => random, /is not a tar file\. Compare its size and checksum/],
    [
      'few bytes',
      () => random.subarray(0, 100),
      /before its first member, or it is not a tar file/,
    ],
    ['nothing', () => Buffer.alloc(0), /is not a tar file: it is empty/],
    ['many zeros', () => Buffer.alloc(100_000), /is not a tar file: it holds zeros/],
    ['a JPEG', () => Buffer.concat([Buffer.of(0xff, 0xd8, 0xff), random]), /it is a JPEG image/],
    ['a tar file cut off', () => tar().subarray(0, 1100), /is truncated: it ends in ant\/1\.png/],
    [
      'a size of 2^80',
      () => sized([0x80, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
      /is damaged: .* 512 bytes/,
    ],
    ['a size below 0', () => sized(Array(12).fill(0xff)), /is damaged: .* 512 bytes/],
    [
      'a size of letters',
      () => damaged(512 + 124, [0x7a, 0x7a]),
      /is damaged: expected the header/,
    ],
  ];
  for (const [what, bytes, message] of contents) {
    it(`but ${what} in train.tar ends in one sentence`, async () => {
      const root = tree({ 'train.tar': bytes(), 'val/ant/1.png': 1, 'val/bee/1.png': 1 });
      const problem = await problemOf(root);
      assert.match(problem, message);
      assert.ok(problem.startsWith(join(root, 'train.tar')), problem);
    });
    it(`but ${what} in the tar file of a class ends in one sentence`, async () => {
      const root = tree({ 'train/bee.tar': bytes(), 'train/ant/1.png': 1, 'train/cat/1.png': 1 });
      const problem = await problemOf(root);
      assert.match(problem, message);
      assert.ok(problem.startsWith(join(root, 'train/bee.tar')), problem);
    });
  }

  it('but a part in an archive that is not read says how to unpack it', async () => {
    const root = tree({ 'train.tar.gz': gzipSync(tar()), 'val.zip': random });
    assert.match(await problemOf(root), /Unpack train\.tar\.gz, val\.zip, or pack it as \.tar/);
    const half = tree({ 'train.tar.gz': gzipSync(tar()), 'val/ant/1.png': 1 });
    assert.match(await problemOf(half), /No train directory.*Unpack train\.tar\.gz/);
  });

  const truth = 'ILSVRC2012_validation_ground_truth.txt';
  const flat: Tree = {
    'train/n01440764/1.png': 1,
    'train/n02119789/1.png': 2,
    'val/ILSVRC2012_val_00000001.png': 3,
    'val/ILSVRC2012_val_00000002.png': 4,
  };
  const html = '<html><body>Please log in</body></html>';
  const hdf5 = Buffer.alloc(1000);
  hdf5.write('MATLAB 7.3 MAT-file, Platform: GLNXA64');
  hdf5.write('\0\x02IM', 124);
  const zeros = gzipSync(Buffer.alloc(2 ** 24));
  const others: readonly [what: string, files: Tree, message: RegExp][] = [
    [
      'a meta.mat of HTML',
      { [truth]: '3\n1\n', 'meta.mat': html },
      /meta\.mat is not .*: it is no MATLAB 5 file: it is a web page/,
    ],
    [
      'a meta.mat of gzip',
      { [truth]: '3\n1\n', 'meta.mat': gzipSync(meta) },
      /meta\.mat is not .*compressed with gzip/,
    ],
    [
      'an empty meta.mat',
      { [truth]: '3\n1\n', 'meta.mat': '' },
      /meta\.mat is not .*: it is empty/,
    ],
    [
      'a meta.mat of another format',
      { [truth]: '3\n1\n', 'meta.mat': hdf5 },
      /meta\.mat is not .*7\.3; save it with -v7/,
    ],
    [
      'a ground truth of gzip',
      { [truth]: gzipSync('3\n1\n'), 'meta.mat': meta },
      /ground_truth\.txt: it is not a text file: .*gzip/,
    ],
    [
      'a ground truth of HTML',
      { [truth]: html, 'meta.mat': meta },
      /Expected line 1 of \S*ground_truth\.txt to be a number but it is "<html>/,
    ],
    [
      'a devkit of HTML',
      { 'ILSVRC2012_devkit_t12.tar.gz': html },
      /devkit_t12\.tar\.gz is not a tar file: it is a web page/,
    ],
    [
      'a devkit cut off',
      { 'ILSVRC2012_devkit_t12.tar.gz': gzipSync(random).subarray(0, 200) },
      /Cannot unpack \S*devkit_t12\.tar\.gz: unexpected end of file/,
    ],
    [
      'a devkit that unpacks into gigabytes',
      { 'ILSVRC2012_devkit_t12.tar.gz': Buffer.concat(Array(17).fill(zeros)) },
      /Cannot unpack \S*devkit_t12\.tar\.gz: Cannot create a Buffer larger than 268435456/,
    ],
    [
      'a devkit of other bytes',
      { 'ILSVRC2012_devkit_t12.tar.gz': gzipSync(random) },
      /devkit_t12\.tar\.gz is not a tar file/,
    ],
    [
      'a list that is a workbook',
      { 'val.csv': Buffer.concat([Buffer.from('504b0304', 'hex'), random]) },
      /val\.csv: it is not a text file: it is a ZIP archive, as workbooks/,
    ],
    ['a list of random bytes', { 'val.txt': random }, /val\.txt: it is not a text file/],
  ];
  for (const [what, files, message] of others) {
    it(`such as ${what} ends in one sentence`, async () => {
      assert.match(await problemOf(tree({ ...flat, ...files })), message);
    });
  }

  it('such as a devkit that is unpacked already is read', async () => {
    const devkit = join(directory(), 'devkit.tar');
    writeTar(devkit, { [`data/${truth}`]: '1\n3\n', 'data/meta.mat': meta });
    const root = tree(flat);
    writeFileSync(join(root, 'ILSVRC2012_devkit_t12.tar.gz'), readFileSync(devkit));
    const { classes, val } = await openDataset(root);
    const found = [...val.labels].map((label) => classes[label]);
    assert.deepEqual(found, ['n02119789', 'n01440764']);
  });

  it('does no harm where it is not needed', async () => {
    const root = tree({
      'train/ant/1.png': 1,
      'val/ant/1.png': 1,
      'val.csv': random,
      'words.txt': random,
      'classes.txt': random,
    });
    const { warnings } = await openDataset(root);
    assert.ok(warnings.some((text) => /words\.txt: it is not a text file/.test(text)));
  });
});
