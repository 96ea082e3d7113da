import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openIndex } from '../../../src/data/dataset-index.js';
import { decodeRunLengths } from '../../../src/data/decode/bmp-run-lengths.js';
import {
  IMAGE_ENDINGS,
  IMAGE_ENDINGS_TEXT,
  IMAGE_FORMATS_TEXT,
  isImageName,
} from '../../../src/data/decode/formats.js';
import { decodePnm } from '../../../src/data/decode/pnm.js';
import { openImages } from '../../../src/data/open-images.js';
import { temporaryDirectory } from '../images.js';

const FOLDER = fileURLToPath(new URL('odd-images', import.meta.url));
const DOCS = fileURLToPath(new URL('../../../docs/data.md', import.meta.url));

/** https://github.com/pytorch/vision/blob/v0.20.0/torchvision/datasets/folder.py, IMG_EXTENSIONS */
// biome-ignore format: as it stands there
const TORCHVISION = ['.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif', '.tiff', '.webp'];

describe('formats of images', () => {
  const directory = temporaryDirectory();

  it("are those of torchvision's ImageFolder, JFIF and GIF, in any case", () => {
    for (const ending of [...TORCHVISION, '.jfif', '.gif']) {
      assert.ok(isImageName(`a${ending}`), ending);
      assert.ok(isImageName(`a.b${ending.toUpperCase()}`), ending);
    }
    for (const name of ['a.txt', 'a.jpg.txt', 'jpg', 'a.tar']) assert.ok(!isImageName(name), name);
  });

  it('are those that the documentation names', () => {
    const text = readFileSync(DOCS, 'utf8');
    assert.ok(text.includes(IMAGE_ENDINGS.map((ending) => `\`${ending}\``).join(', ')));
    assert.ok(text.includes(`${IMAGE_FORMATS_TEXT.replace(' or ', ' and ')} files are read`));
  });

  it('are found in folders, in tar files and by predict, by every ending', async () => {
    const root = join(directory(), 'set');
    mkdirSync(join(root, 'train/a'), { recursive: true });
    for (const ending of IMAGE_ENDINGS) {
      copyFileSync(join(FOLDER, 'one.png'), join(root, 'train/a', `image${ending}`));
    }
    mkdirSync(join(root, 'val'));
    execFileSync('tar', ['-cf', '../val/a.tar', 'a'], { cwd: join(root, 'train') });
    const index = await openIndex(root);
    assert.equal(index.train.images.length, IMAGE_ENDINGS.length);
    assert.equal(index.val?.images.length, IMAGE_ENDINGS.length);
    assert.equal((await openImages([root])).length, 2 * IMAGE_ENDINGS.length);
  });

  it('are named where a folder has none of them', async () => {
    const empty = join(directory(), 'empty');
    mkdirSync(empty);
    await assert.rejects(openImages([empty]), (error: Error) => {
      assert.ok(error.message.includes(`expected ${IMAGE_ENDINGS_TEXT} files`), error.message);
      return true;
    });
  });
});

describe('run lengths of a bitmap', () => {
  const decode = (bytes: number[], width: number, height: number, fourBits = false) => [
    ...decodeRunLengths(Buffer.from(bytes), 0, width, height, fourBits),
  ];

  it('skip to the right and up by a delta', () => {
    const bytes = [2, 7, 0, 2, 1, 1, 1, 9, 0, 0, 4, 5];
    assert.deepEqual(decode(bytes, 4, 3), [7, 7, 0, 0, 0, 0, 0, 9, 5, 5, 5, 5]);
  });

  it('take an odd number of verbatim pixels of 4 bits', () => {
    const bytes = [0, 5, 0x12, 0x34, 0x50, 0, 1, 0x60, 0, 0, 6, 0x78];
    assert.deepEqual(decode(bytes, 6, 2, true), [1, 2, 3, 4, 5, 6, 7, 8, 7, 8, 7, 8]);
  });

  it('are damaged where they end early', () => {
    assert.throws(() => decode([2, 7, 0, 1], 4, 1), /ends early/);
    assert.throws(() => decode([2, 7], 4, 1), /truncated/);
  });
});

describe('a portable bitmap', () => {
  it('is damaged where its numbers end early or are none', () => {
    for (const [text, reason] of [
      ['P2\n3 1\n9\n1 2', /truncated/],
      ['P2\n3 1\n9\n1 2 x', /no number/],
      ['P5\n3 1\n9', /truncated/],
      ['P5\n3 1\n70000\n', /highest level is 70000/],
      ['P5\n0 1\n9\n', /no pixels/],
      ['P1\n2 1\n12', /other than 0 and 1/],
    ] as const) {
      assert.throws(() => decodePnm(Buffer.from(text)), reason, text);
    }
    assert.equal(decodePnm(Buffer.from('P7\nWIDTH 1')), undefined);
  });
});
