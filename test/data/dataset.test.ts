import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataset } from '../../src/data/open-dataset.js';
import { DataError } from '../../src/errors.js';
import { asSharp, namesOf, temporaryDirectory, testImage, writeTree } from './images.js';

describe('an ImageNet-format directory', () => {
  const directory = temporaryDirectory();
  let made = 0;
  function tree(files: Parameters<typeof writeTree>[1]): string {
    const root = join(directory(), `set${made++}`);
    mkdirSync(root);
    writeTree(root, files);
    return root;
  }
  async function failsWith(root: string, ...parts: (string | RegExp)[]): Promise<void> {
    await assert.rejects(openDataset(root), (error: unknown) => {
      assert.ok(error instanceof DataError);
      assert.equal(error.exitCode, 3);
      for (const part of parts) {
        if (typeof part === 'string') assert.ok(error.message.includes(part), error.message);
        else assert.match(error.message, part);
      }
      return true;
    });
  }

  it('is read with its classes in code-unit order and files by name', async () => {
    const root = tree({
      'train/b/2.PNG': 1,
      'train/b/10.png': 2,
      'train/B/x.JPEG': 3,
      'train/ä/x.jpeg': 4,
      'train/10/x.webp': 5,
      'train/9/x.jpg': 6,
      'train/9/notes.txt': 'no image',
      'train/9/.hidden.png': 7,
      'train/.cache/x.png': 7,
      'val/b/1.png': 8,
      'val/9/1.png': 9,
    });
    const data = await openDataset(root);
    assert.deepEqual(data.classes, ['10', '9', 'B', 'b', 'ä']);
    const names = namesOf(data.train.images).map((file) => file.slice(root.length + 7));
    assert.deepEqual(names, [
      '10/x.webp',
      '9/x.jpg',
      'B/x.JPEG',
      'b/10.png',
      'b/2.PNG',
      'ä/x.jpeg',
    ]);
    assert.deepEqual([...data.train.labels], [0, 1, 2, 3, 3, 4]);
    assert.deepEqual([...data.val.labels], [1, 3]);
    assert.equal(data.root, root);
    assert.equal(data.channels, 3);
  });

  it('takes val, valid, validation and test as the name of the validation images', async () => {
    for (const name of ['val', 'valid', 'validation', 'test']) {
      const data = await openDataset(tree({ 'train/a/1.png': 1, [`${name}/a/1.png`]: 2 }));
      assert.match(data.val.images.name(0), new RegExp(`/${name}/a/1.png$`));
    }
  });

  it('follows links to class folders and images', async () => {
    const root = tree({ 'real/1.png': 1, 'train/b/1.png': 1, 'val/b/1.png': 2 });
    symlinkSync(join(root, 'real'), join(root, 'train', 'a'));
    symlinkSync(join(root, 'real', '1.png'), join(root, 'train', 'b', '2.png'));
    const data = await openDataset(root);
    assert.deepEqual(data.classes, ['a', 'b']);
    assert.equal(data.train.images.length, 3);
  });

  it('knows grey images', async () => {
    const grey = await asSharp(testImage(8, 8, 1))
      .jpeg()
      .toBuffer();
    const data = await openDataset(tree({ 'train/a/1.jpg': grey, 'val/a/1.jpg': grey }));
    assert.equal(data.channels, 1);
  });

  it('warns of a class without validation images', async () => {
    const root = tree({ 'train/a/1.png': 1, 'train/b/1.png': 2, 'val/a/1.png': 3 });
    const { warnings } = await openDataset(root);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^1 of 2 classes have no validation images in .*val: b\.$/);
  });

  it('has a fingerprint that changes with names and sizes, not with its place', async () => {
    const files = { 'train/a/1.png': 1, 'val/a/1.png': 2 };
    const { fingerprint } = await openDataset(tree(files));
    assert.match(fingerprint, /^[0-9a-f]{64}$/);
    assert.equal((await openDataset(tree(files))).fingerprint, fingerprint);
    const root = tree(files);
    writeFileSync(join(root, 'val/a/1.png'), Buffer.alloc(10));
    assert.notEqual((await openDataset(root)).fingerprint, fingerprint);
    const renamed = await openDataset(tree({ 'train/a/1.png': 1, 'val/a/2.png': 2 }));
    assert.notEqual(renamed.fingerprint, fingerprint);
  });

  it('must exist, or be in the catalogue', async () => {
    await failsWith(join(directory(), 'nowhere'), 'nowhere', 'mnist, fashion-mnist, synthetic');
    await failsWith('mnits', 'Did you mean "mnist"?');
  });

  it('must have train and validation directories', async () => {
    await failsWith(tree({}), 'No images in', 'found nothing', 'train/<class>');
    await failsWith(tree({ 'cats/1.png': 1, 'val/cats/1.png': 1 }), 'found cats, val');
    await failsWith(tree({ 'train/a/1.png': 1 }), 'No validation images', 'val, valid');
    await failsWith(
      tree({ 'train/1.png': 1, 'val/a/1.png': 1 }),
      'No class folders in',
      /train: its/,
    );
    const file = join(tree({ 'file.png': 1 }), 'file.png');
    await failsWith(file, 'is a file: expected a directory or a .tar file');
  });

  it('must have images in every class folder', async () => {
    const root = tree({ 'train/a/1.png': 1, 'train/b/1.heic': 'x', 'val/a/1.png': 1 });
    await failsWith(root, `No images in ${join(root, 'train/b')}`, '.jpg', 'found 1.heic');
    mkdirSync(join(root, 'val', 'b'));
    await failsWith(root, 'No images');
  });

  it('must not have a validation class that train lacks', async () => {
    const root = tree({ 'train/cats/1.png': 1, 'val/cat/1.png': 1 });
    await failsWith(root, 'The class "cat"', join(root, 'val'), 'Did you mean "cats"?');
  });

  it('must begin with images that can be read', async () => {
    const root = tree({ 'train/a/1.png': 'text', 'val/a/1.png': 1 });
    await failsWith(root, 'Cannot read any of 1 image, ', '1.png');
  });
});
