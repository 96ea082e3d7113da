import assert from 'node:assert/strict';
import { join } from 'node:path';
import { checkDataset } from '../../../src/data/check.js';
import { inspectDataset, openDataset } from '../../../src/data/open-dataset.js';
import { nameBelow } from '../../../src/data/selection.js';
import { DataError } from '../../../src/errors.js';
import { temporaryDirectory, writeTree } from '../images.js';

const FILES = { 'a/1.png': 1, 'a/2.png': 2, 'b/3.png': 3, 'c/4.png': 4 };

describe('a file of labels', () => {
  const directory = temporaryDirectory();
  let root = '';
  before(() => {
    root = join(directory(), 'images');
    writeTree(root, FILES);
    writeTree(directory(), { 'elsewhere.png': 5 });
  });

  /** The path of a file with this text, outside the folder of images. */
  function fileOf(text: string, name = 'labels.csv'): string {
    writeTree(directory(), { [name]: text });
    return join(directory(), name);
  }

  async function listed(text: string, name?: string) {
    const { train, val, classes } = await openDataset(root, { labels: fileOf(text, name) });
    const rows = [train, val].map(({ images, labels }) =>
      Array.from(labels, (label, index) => [nameBelow(root, images, index), classes[label]]),
    );
    return { train: rows[0], val: rows[1], classes };
  }

  const EXPECTED = {
    train: [
      ['b/3.png', 'dog'],
      ['a/1.png', 'cat'],
    ],
    val: [['a/2.png', 'cat']],
    classes: ['cat', 'dog'],
  };

  it('gives the classes and the parts that its columns name, in any order', async () => {
    const lines = ['split;class;path', 'train;dog;b/3.png', 'train;cat;a/1.png', 'val;cat;a/2.png'];
    assert.deepEqual(await listed(lines.join('\n')), EXPECTED);
    assert.deepEqual(await listed(lines.join('\r\n').replaceAll(';', ',')), EXPECTED);
    assert.deepEqual(await listed(lines.join('\n').replaceAll(';', '\t'), 'labels.tsv'), EXPECTED);
    const rows = [
      '{"file_name": "b/3", "label": "dog"}',
      '{"label": "cat", "file_name": "a/1.png"}',
    ];
    const held = '{"file_name": "./a/2.png", "label": "cat", "split": "test"}';
    const told = rows.map((row) => row.replace('}', ', "split": "Training"}'));
    assert.deepEqual(await listed(`${[...told, held].join('\n')}\n`, 'labels.jsonl'), EXPECTED);
  });

  it('needs no head, and takes --val-fraction, numbers and images from elsewhere', async () => {
    const elsewhere = join(directory(), 'elsewhere.png');
    const labels = fileOf(`a/1.png,10\n"b/3.png",2\n${elsewhere},2\na/2.png,10\n`);
    const { classes, train, val } = await openDataset(root, { labels, valFraction: 0.5 });
    assert.deepEqual(classes, ['2', '10']);
    assert.equal(train.images.length + val.images.length, 4);
    const whole = checkDataset(root, await inspectDataset(root, () => {}, labels));
    assert.equal(whole.layout, 'images that labels.csv lists');
    assert.deepEqual(whole.problems, []);
    assert.deepEqual(whole.train?.images, 4);
  });

  it('is part of what a dataset is known by', async () => {
    const print = async (text: string) => {
      return (await openDataset(root, { labels: fileOf(text), valFraction: 0.5 })).fingerprint;
    };
    const [first, second] = ['a/1.png,x\na/2.png,y\n', 'a/1.png,y\na/2.png,x\n'];
    assert.notEqual(await print(first), await print(second));
    assert.equal(await print(first), await print(`path,label\n${first}`));
  });

  it('is refused with its line where it says too little or two things', async () => {
    const refusal = async (text: string) => {
      const labels = fileOf(text);
      const error = await openDataset(root, { labels, valFraction: 0.5 }).catch((reason) => reason);
      assert.ok(error instanceof DataError, String(error));
      return error.message.replaceAll(directory(), 'D');
    };
    assert.match(await refusal('a/1.png,x\na/2.png\n'), /^Cannot read D\/labels\.csv: .*line 2/);
    assert.match(
      await refusal('path,label\na/1.png,x\na/2.png,\n'),
      /^Line 3 of D\/labels\.csv has no class/,
    );
    assert.match(
      await refusal('{"path": "a/1.png"}\n'),
      /^Line 1 of .* has no class: expected a path and/,
    );
    assert.match(await refusal('{"path": \n'), /^Line 1 of .* is no JSON/);
    assert.match(await refusal(''), /lists no images: expected lines of a path and a class\.$/);
    assert.match(
      await refusal('a/1.png,x\n./a/1.png,y\n'),
      /^D\/labels\.csv lists \.\/a\/1\.png as x and as y\.$/,
    );
    assert.match(
      await refusal('path,label,split\na/1.png,x,fold1\n'),
      /says that a\/1\.png is of the part "fold1": expected train, val or test\.$/,
    );
    assert.match(await refusal('path,label,split\na/1.png,x,val\n'), /lists no training images/);
    const missing = join(directory(), 'none.csv');
    await assert.rejects(
      openDataset(root, { labels: missing }),
      /Cannot read .*none\.csv: .*no such file/,
    );
    const { warnings } = await openDataset(root, {
      labels: fileOf('a/1.png,x\na/9.png,y\nb/3.png,y\nc/4.png,x\n'),
      valFraction: 0.5,
    });
    assert.match(warnings.join(), /1 image is empty or missing: .*a\/9\.png/);
  });
});
