import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeTree } from '../../data/images.js';
import { cnn, temporaryDirectory } from '../program.js';

describe('cnn data check of a dataset with faults', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();

  async function check(root: string) {
    const plain = await cnn(['data', 'check', root]);
    const { code, stdout } = await cnn(['data', 'check', root, '--json']);
    assert.equal(code, 3);
    assert.equal(plain.code, 3);
    const report = JSON.parse(stdout);
    for (const problem of report.problems) {
      // Long lines are broken.
      assert.ok(plain.stdout.replace(/\s+/g, ' ').includes(`problem: ${problem}`), plain.stdout);
    }
    assert.doesNotMatch(plain.stderr, /fault of cnn/);
    return { report, stderr: plain.stderr };
  }

  it('lists all of them', async () => {
    const root = join(directory.path, 'all');
    writeTree(root, {
      'train/ant/1.png': 1,
      'train/bee/1.png': 2,
      'train/cat/notes.txt': 'no image',
      'train/eel.tar': 'no tar file',
      'train/fly.tar': Buffer.from('1f8b0800000000000003', 'hex'),
      'train/@eaDir/x.jpg': 'no image',
      'val/ant/1.png': 1,
      'val/gnu/1.png': 1,
    });
    for (const empty of ['train/dog', 'val/hen', 'val/owl']) mkdirSync(join(root, empty));
    const { report, stderr } = await check(root);
    const expected = [
      /train\/eel\.tar is truncated: .* or it is not a tar file/,
      /train\/fly\.tar is not a tar file: it is compressed with gzip/,
      /No images in 2 of 6 class folders of \S*train: cat \(1 \.txt\), dog\. Expected \.jpg/,
      /No images in 2 of 4 class folders of \S*val: hen, owl\. Expected \.jpg/,
      /The class "gnu" in \S*val is not in \S*train\. Did/,
    ];
    assert.equal(report.problems.length, expected.length, report.problems.join('\n'));
    for (const pattern of expected) {
      assert.ok(
        report.problems.some((text: string) => pattern.test(text)),
        `${pattern}`,
      );
    }
    const empty = ['train/cat', 'train/dog', 'val/hen', 'val/owl'];
    assert.deepEqual(
      report.emptyFolders,
      empty.map((folder) => join(root, folder)),
    );
    assert.deepEqual([report.train.images, report.val.images], [2, 2]);
    assert.ok(report.warnings.some((text: string) => /leave behind: @eaDir\./.test(text)));
    assert.match(stderr, /5 problems keep a network from being trained/);
    const trained = await cnn(['train', '--arch', 'lenet5', '--data', root]);
    assert.equal(trained.code, 3);
    assert.match(trained.stderr, /There are 3 more problems: cnn data check \S*all lists all/);
  });

  it('names every empty class folder, however many there are', async () => {
    const root = join(directory.path, 'many');
    writeTree(root, { 'train/a/1.png': 1, 'val/a/1.png': 1 });
    const names = Array.from({ length: 60 }, (_, index) => `empty${100 + index}`);
    for (const name of names) mkdirSync(join(root, 'train', name));
    const { report } = await check(root);
    assert.deepEqual(
      report.emptyFolders,
      names.map((name) => join(root, 'train', name)),
    );
    assert.match(report.problems[0], /60 of 61 class folders.*empty149 and 10 more\. Expected/);
  });

  it('has what is left where no part can be read', async () => {
    const root = join(directory.path, 'none');
    writeTree(root, { 'train.tar': 'x'.repeat(2000), 'val/a/notes.txt': 'no image' });
    const { report } = await check(root);
    assert.equal(report.train, null);
    assert.deepEqual(report.classes, []);
    assert.match(report.problems[0], /train\.tar is not a tar file/);
    assert.match(report.problems[1], /No images in \S*val/);
  });

  it('has the counts where no image can be read', async () => {
    const root = join(directory.path, 'unreadable');
    writeTree(root, { 'train/a/1.png': 'no image', 'val/a/1.png': 1 });
    const { report } = await check(root);
    assert.equal(report.channels, null);
    assert.equal(report.train.images, 1);
    assert.match(report.problems[0], /Cannot read any of 1 image/);
  });
});
