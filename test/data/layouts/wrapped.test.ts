import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inspectDataset, openDataset } from '../../../src/data/open-dataset.js';
import { DataError } from '../../../src/errors.js';
import { namesOf, temporaryDirectory, writeTree } from '../images.js';
import { type Tree, writeTar } from './tars.js';

const CLASSES = ['ant', 'bee', 'cat'];
const PER_PART = { train: 2, val: 1 } as const;

/** Class folders of one part below a prefix. */
function classTree(part: 'train' | 'val', prefix = ''): Tree {
  const files: Record<string, number> = {};
  for (const [label, name] of CLASSES.entries()) {
    for (let index = 0; index < PER_PART[part]; index++) {
      files[`${prefix}${name}/${index}.png`] = 10 * label + index;
    }
  }
  return files;
}

describe('folders around the class folders', () => {
  const directory = temporaryDirectory();
  let made = 0;
  const newRoot = () => {
    const root = join(directory(), `set${made++}`);
    mkdirSync(root);
    return root;
  };
  function tree(files: Tree): string {
    const root = newRoot();
    writeTree(root, files);
    return root;
  }

  async function hasClasses(path: string, options = {}): Promise<void> {
    const { classes, train, val } = await openDataset(path, options);
    assert.deepEqual(classes, CLASSES);
    assert.deepEqual([...train.labels], [0, 0, 1, 1, 2, 2]);
    assert.deepEqual([...val.labels], [0, 1, 2]);
    for (const { images, labels } of [train, val]) {
      for (const [index, name] of namesOf(images).entries()) {
        assert.equal(name.split('/').at(-2)?.split(':').at(-1), CLASSES[labels[index] ?? -1]);
      }
    }
  }

  const wrappers: readonly (readonly [train: string, val: string])[] = [
    ['train/train/', 'val/val/'],
    ['train/images/', 'val/images/'],
    ['train/', 'val/images/'],
    ['seg_train/seg_train/', 'seg_test/seg_test/'],
    ['training_set/training_set/', 'test_set/test_set/'],
    ['train/a/b/images/', 'val/a/b/images/'],
    ['set/train/train/', 'set/valid/valid/'],
    ['train/train/', 'train/val/'],
    ['images/train/', 'images/val/'],
  ];
  for (const [train, val] of wrappers) {
    const files = { ...classTree('train', train), ...classTree('val', val) };
    it(`are seen through: ${train} and ${val}`, () => hasClasses(tree(files)));

    it(`are seen through in a tar file: ${train} and ${val}`, async () => {
      const file = join(newRoot(), 'set.tar');
      writeTar(file, files);
      await hasClasses(file);
    });
  }

  it('are seen through in a tar file for each part', async () => {
    for (const prefix of ['', './', 'images/', 'a/b/']) {
      const root = newRoot();
      writeTar(join(root, 'Train.tar'), classTree('train', `${prefix}train/`));
      writeTar(join(root, 'Test.tar'), classTree('val', `${prefix}`));
      await hasClasses(root);
    }
  });

  it('are seen through beside files, and beside folders for boxes of the same names', async () => {
    const root = tree({
      ...classTree('train', 'images/train/'),
      ...classTree('val', 'images/val/'),
      'labels/train/1.txt': '0 0.5 0.5 1 1',
      'labels/val/1.txt': '0 0.5 0.5 1 1',
      'images/train/readme.txt': 'hello',
      'data.yaml': 'nc: 3',
    });
    await hasClasses(root);
    const { warnings } = await openDataset(root);
    assert.ok(warnings.some((text) => /Read images in .*left out labels/.test(text)));
  });

  it('are seen through where only a folder below holds both parts', async () => {
    const name = 'New Plant Diseases Dataset(Augmented)';
    const root = tree({
      ...classTree('train', `${name}/${name}/train/`),
      ...classTree('val', `${name}/${name}/valid/`),
      'test/test/1.png': 1,
    });
    await hasClasses(root);
    const { warnings } = await openDataset(root);
    assert.ok(warnings.some((text) => /which holds both parts; left out test\./.test(text)));
  });

  it('are seen through beside folders without images, such as those of Food-101', async () => {
    const root = tree({
      ...classTree('train', 'food-101/images/'),
      'food-101/meta/classes.txt': CLASSES.join('\n'),
      'food-101/meta/old/train.json': '{}',
      'food-101/license_agreement.txt': 'text',
    });
    const { classes, warnings } = await openDataset(root, { valFraction: 0.5 });
    assert.deepEqual(classes, CLASSES);
    assert.ok(warnings.some((text) => /Read images in .*left out meta, where no/.test(text)));
  });

  it('are not seen through beside folders with images', async () => {
    const root = tree({ ...classTree('train', 'images/'), 'other/deep/1.png': 1 });
    const { classes } = await openDataset(root, { valFraction: 0.5 });
    assert.deepEqual(classes, ['images', 'other']);
  });

  it('may be laid out as the German traffic signs, with a list of many columns', async () => {
    const root = tree({
      'Train/0/a.png': 1,
      'Train/7/b.png': 2,
      'Test/00000.png': 3,
      'Test/00001.png': 4,
      'Meta/0.png': 5,
      'Train.csv': 'Width,Height,ClassId,Path\n12,10,0,Train/0/a.png\n12,10,7,Train/7/b.png\n',
      'Test.csv': 'Width,Height,ClassId,Path\n12,10,7,Test/00000.png\n12,10,0,Test/00001.png\n',
    });
    const { classes, val } = await openDataset(root);
    assert.deepEqual(classes, ['0', '7']);
    assert.deepEqual([...val.labels], [1, 0]);
  });

  it('may be tar files whose names end in upper case', async () => {
    const root = newRoot();
    writeTar(join(root, 'TRAIN.TAR'), classTree('train', 'TRAIN/'));
    writeTar(join(root, 'TEST.TAR'), classTree('val', 'TEST/'));
    await hasClasses(root);
  });

  it('are the classes where each holds both parts', async () => {
    const files: Record<string, number> = {};
    for (const [path, seed] of Object.entries(classTree('train'))) {
      files[path.replace('/', '/train/')] = seed as number;
    }
    for (const [path, seed] of Object.entries(classTree('val'))) {
      files[path.replace('/', '/Test/')] = seed as number;
    }
    const { classes, train, val } = await openDataset(tree(files));
    assert.deepEqual(classes, CLASSES);
    assert.deepEqual([...train.labels], [0, 0, 1, 1, 2, 2]);
    assert.deepEqual([...val.labels], [0, 1, 2]);
    for (const name of namesOf(train.images)) assert.match(name, /\/train\/\d\.png$/);
    for (const name of namesOf(val.images)) assert.match(name, /\/Test\/\d\.png$/);
  });

  it('of several datasets are an error that names them', async () => {
    const root = tree({
      ...classTree('train', 'one/train/'),
      ...classTree('val', 'one/val/'),
      ...classTree('train', 'two/train/'),
      ...classTree('val', 'two/val/'),
      'docs/readme.txt': 'hello',
    });
    await assert.rejects(openDataset(root), /holds several datasets: one, two\. Pass one of them/);
  });

  it('named as parts are never classes', async () => {
    const images = { 'Training/1.png': 1, 'Training/2.png': 2, 'Testing/1.png': 3 };
    await assert.rejects(openDataset(tree(images)), (error: unknown) => {
      assert.ok(error instanceof DataError);
      assert.match(error.message, /No class folders in \S*Training: its images have no classes/);
      return true;
    });
    for (const names of [
      ['val', 'test'],
      ['train_a', 'train_b', 'test_a'],
    ]) {
      const { index, problems } = await inspectDataset(
        tree(Object.assign({}, ...names.map((name) => classTree('train', `${name}/`)))),
      );
      assert.equal(index, undefined);
      assert.match(problems.join(), /No train directory|It is unclear which folders/);
    }
  });

  it('may name the class of trains', async () => {
    const root = tree({ 'bus/1.png': 1, 'bus/2.png': 2, 'train/1.png': 3, 'train/2.png': 4 });
    const { classes, train, val, warnings } = await openDataset(root, { valFraction: 0.5 });
    assert.deepEqual(classes, ['bus', 'train']);
    assert.deepEqual([...train.labels, ...val.labels], [0, 1, 0, 1]);
    assert.ok(warnings.some((text) => /train is taken for a class/.test(text)));
  });

  it('around a single class leave it its name', async () => {
    for (const prefix of ['', 'images/']) {
      const root = tree({ [`train/${prefix}ant/1.png`]: 1, [`val/${prefix}ant/1.png`]: 2 });
      assert.deepEqual((await openDataset(root)).classes, ['ant']);
    }
  });

  it('around images with a list of their classes are seen through in both parts', async () => {
    const root = tree({
      'train/images/1.png': 1,
      'train/images/2.png': 2,
      'train/labels.csv': 'file,class\n1.png,ant\n2.png,bee\n',
      'val/images/3.png': 3,
      'val/labels.csv': 'file,class\n3.png,bee\n',
    });
    const { classes, train, val } = await openDataset(root);
    assert.deepEqual(classes, ['ant', 'bee']);
    assert.deepEqual([...train.labels, ...val.labels], [0, 1, 1]);
  });
});
