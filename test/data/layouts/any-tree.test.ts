import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { encodePng } from '../../../src/data/decode/png.js';
import { readBytes } from '../../../src/data/decode/read-bytes.js';
import { findIndex, openDataset } from '../../../src/data/open-dataset.js';
import { DataError, UsageError } from '../../../src/errors.js';
import { temporaryDirectory, testImage } from '../images.js';
import { writeTar } from './tars.js';

/** Names that layouts are made of, so that trees come near them. */
const FOLDERS = [
  ...['train', 'val', 'valid', 'test', 'images', 'meta', 'a', 'b', 'c', 'n01440764', 'n02119789'],
  ...[
    'ILSVRC',
    'Data',
    'CLS-LOC',
    'ILSVRC2012_devkit_t12',
    'data',
    '.hidden',
    'ILSVRC2012_img_train',
    'Training',
    'Testing',
    'train_0',
    'seg_train',
    'seg_test',
    'labels',
    '@eaDir',
    'é'.normalize('NFC'),
    'é'.normalize('NFD'),
  ],
];
const IMAGES = [
  '1.png',
  '2.PNG',
  'scan.1.png',
  '\x1b.png',
  'ILSVRC2012_val_00000001.JPEG',
  'ä ö.jpg',
];
const TEXTS = [
  ...['val.txt', 'val.csv', 'classes.txt', 'words.txt', 'LOC_val_solution.csv', 'notes.md'],
  ...[
    'ILSVRC2012_validation_ground_truth.txt',
    'meta.mat',
    'map_clsloc.txt',
    'a.cls',
    '1.json',
    '1.cls',
    'scan.1.cls',
    'Thumbs.db',
  ],
];
const LINES = [
  ...['1.png,a', '1.png 0', 'synset,image', 'n01440764', 'n01440764 1', '1', '0', '7', ''],
  ...[
    'ILSVRC2012_val_00000001 n02119789',
    '{"label": 1}',
    '{',
    '\0\xff',
    '\ufeff1.png;a',
    'sep=;',
    'file;class',
  ],
];
const png = encodePng(testImage(3, 2, 3));

type Leaf =
  | { kind: 'image'; name: string }
  | { kind: 'broken'; name: string }
  | { kind: 'folder'; name: string }
  | { kind: 'damaged tar'; name: string }
  | { kind: 'text'; name: string; lines: string[] }
  | { kind: 'link'; name: string; target: string }
  | { kind: 'tar'; name: string; members: string[] };

const folder = fc.array(fc.constantFrom(...FOLDERS), { maxLength: 4 });
const member = fc.tuple(folder, fc.constantFrom(...IMAGES, ...TEXTS)).map(([parts, name]) => {
  return [...parts, name].join('/');
});
const tarName = fc.constantFrom(...FOLDERS).map((name) => `${name}.tar`);
const leaf: fc.Arbitrary<Leaf> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('image' as const),
      name: fc.constantFrom(...IMAGES),
    }),
  },
  fc.record({ kind: fc.constant('broken' as const), name: fc.constantFrom(...IMAGES) }),
  fc.record({ kind: fc.constant('folder' as const), name: fc.constantFrom(...FOLDERS) }),
  fc.record({ kind: fc.constant('damaged tar' as const), name: tarName }),
  fc.record({
    kind: fc.constant('text' as const),
    name: fc.constantFrom(...TEXTS),
    lines: fc.array(fc.constantFrom(...LINES), { maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('link' as const),
    name: fc.constantFrom(...FOLDERS, ...IMAGES),
    target: fc.constantFrom('.', '..', '../..', 'a', '../b', '../train', '1.png', 'nowhere', '/'),
  }),
  fc.record({
    kind: fc.constant('tar' as const),
    name: tarName,
    members: fc.array(member, { maxLength: 5 }),
  }),
);
const tree = fc.array(fc.tuple(folder, leaf), { maxLength: 12 });

/** Writes a leaf; one in the way of an earlier one is left out. */
function write(path: string, leaf: Leaf): void {
  mkdirSync(dirname(path), { recursive: true });
  if (leaf.kind === 'image') writeFileSync(path, png);
  else if (leaf.kind === 'broken') writeFileSync(path, 'no image');
  else if (leaf.kind === 'folder') mkdirSync(path);
  else if (leaf.kind === 'damaged tar') writeFileSync(path, png.toString('hex').repeat(20));
  else if (leaf.kind === 'text') writeFileSync(path, leaf.lines.join('\n'));
  else if (leaf.kind === 'link') symlinkSync(leaf.target, path);
  else {
    // A member cannot be a file and a folder at once: none has the name of a folder.
    const files = Object.fromEntries(
      leaf.members.map((name) => [name, IMAGES.some((image) => name.endsWith(image)) ? png : '0']),
    );
    if (leaf.members.length > 0) writeTar(path, files);
  }
}

function make(root: string, entries: readonly (readonly [string[], Leaf])[]): void {
  for (const [parts, entry] of entries) {
    try {
      write(join(root, ...parts, entry.name), entry);
    } catch (error) {
      // A file is where a folder should be, or the other way round.
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    }
  }
}

describe('any directory tree', () => {
  const directory = temporaryDirectory();

  it('gives a dataset or an error that names the path', async () => {
    let opened = 0;
    const property = fc.asyncProperty(tree, fc.boolean(), async (entries, fraction) => {
      const root = mkdtempSync(join(directory(), 'tree-'));
      try {
        make(root, entries);
        const data = await openDataset(root, fraction ? { valFraction: 0.5 } : {});
        opened++;
        assert.ok(data.train.images.length > 0);
        for (const { images, labels } of [data.train, data.val]) {
          assert.equal(images.length, labels.length);
          for (const [index, label] of labels.entries()) {
            assert.ok(label >= 0 && label < data.classes.length);
            assert.ok(images.name(index).startsWith(root));
            const { file, length } = images.locate(index);
            if (length >= 0) assert.equal(readBytes(images.locate(index)).length, length);
            assert.ok(file.startsWith(root));
          }
        }
      } catch (error) {
        assert.ok(error instanceof DataError || error instanceof UsageError, `${error}`);
        assert.ok(error.message.includes(root), error.message);
      } finally {
        rmSync(root, { recursive: true });
      }
    });
    await fc.assert(property, { numRuns: 150 });
    assert.ok(opened > 0);
  });

  it('that has no end because of links is read once', async () => {
    const root = mkdtempSync(join(directory(), 'circle-'));
    make(root, [
      [['train', 'a'], { kind: 'image', name: '1.png' }],
      [['train', 'b'], { kind: 'image', name: '1.png' }],
      [['train', 'a'], { kind: 'link', name: 'b', target: '../b' }],
      [['train', 'b'], { kind: 'link', name: 'a', target: '../a' }],
      [['train', 'b'], { kind: 'link', name: 'c', target: '../..' }],
    ]);
    const { train } = await findIndex(root);
    const names = train.labels.length;
    assert.equal(names, 4);
  });
});
