import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inspectDataset, openDataset } from '../../../src/data/open-dataset.js';
import { temporaryDirectory, writeTree } from '../images.js';
import type { Tree } from './tars.js';

describe('a list of the classes of images', () => {
  const directory = temporaryDirectory();
  let made = 0;
  const CLASSES = ['bee', 'käse', 'tench, Tinca'];
  /** The images of the validation part and their classes. */
  const VAL = { '1.png': 'käse', '2.png': 'bee', 'a 3.png': 'tench, Tinca' };

  function set(list: Tree): string {
    const root = join(directory(), `set${made++}`);
    mkdirSync(root);
    const train = Object.fromEntries(CLASSES.map((name, seed) => [`train/${name}/1.png`, seed]));
    const val = Object.fromEntries(
      Object.keys(VAL).map((name, seed) => [`val/${name}`, 10 + seed]),
    );
    writeTree(root, { ...train, ...val, ...list });
    return root;
  }

  async function isRead(list: Tree): Promise<void> {
    const { classes, val } = await openDataset(set(list));
    assert.deepEqual(classes, CLASSES);
    const found = Array.from(val.labels, (label, index) => [
      val.images.name(index).split('/').at(-1),
      classes[label],
    ]);
    assert.deepEqual(Object.fromEntries(found), VAL);
  }

  const rows = Object.entries(VAL);
  const joined = (fields: readonly (readonly string[])[], separator: string, end = '\n') =>
    fields.map((line) => `${line.join(separator)}${end}`).join('');
  const head = ['file', 'label'] as const;
  const plain = joined([head, ...rows], ';');
  const texts: Readonly<Record<string, string | Buffer>> = {
    semicolons: plain,
    tabs: joined(rows, '\t'),
    'semicolons, a line for the spreadsheet and \\r\\n': `sep=;\r\n${joined([head, ...rows], ';', '\r\n')}`,
    'quotes and commas': joined(
      rows.map((line) => line.map((field) => `"${field}"`)),
      ',',
    ),
    'quotes where they are needed': '1.png,käse\n2.png,bee\na 3.png,"tench, Tinca"\n',
    'empty fields at the end': joined(
      rows.map((line) => [...line, '', '']),
      ';',
    ),
    'the class first': joined(
      rows.map(([image, name]) => [name, image]),
      ';',
    ),
    'numbers of the lines first': joined(
      [['', ...head], ...rows.map((line, index) => [String(index), ...line])],
      ';',
    ),
    'the class by the name of its column': joined(
      [
        ['lesion', 'file', 'age', 'Class_Id'],
        ...rows.map(([image, name], index) => [`L${index}`, image, '7', name]),
      ],
      ';',
    ),
    'paths of Windows': joined(
      rows.map(([image, name]) => [`C:\\set\\val\\${image}`, name]),
      ';',
    ),
    'names without endings': joined(
      rows.map(([image, name]) => [image.replace('.png', ''), name]),
      ';',
    ),
    'lines of old Macs': joined([head, ...rows], ';', '\r'),
    'UTF-8 with a mark': `\ufeff${plain}`,
    'UTF-16 with a mark': Buffer.from(`\ufeff${plain}`, 'utf16le'),
    'UTF-16 without': Buffer.from(plain, 'utf16le'),
    'UTF-16, big-endian': Buffer.from(`\ufeff${plain}`, 'utf16le').swap16(),
    'Windows-1252': Buffer.from(plain, 'latin1'),
    NFD: plain.normalize('NFD'),
  };
  for (const [what, text] of Object.entries(texts)) {
    it(`with ${what} is read`, () => isRead({ 'val.csv': text }));
  }

  it('that lacks images is a problem that names them, beside the others', async () => {
    const root = set({ 'val.csv': '1.png;käse\n', 'train/empty/notes.txt': 'no image' });
    const { problems } = await inspectDataset(root);
    assert.equal(problems.length, 2);
    assert.match(problems[0] ?? '', /No images in \S*train\/empty/);
    assert.match(
      problems[1] ?? '',
      /val\.csv names no class for 2 of 3 images in \S*val: 2\.png, a 3\.png/,
    );
  });
});
