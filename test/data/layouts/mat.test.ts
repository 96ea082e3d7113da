import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type MatStruct, readMat } from '../../../src/data/layouts/labels/mat.js';
import { cellsOf, compressed, element } from './mats.js';

/** What meta.py has scipy write, plain and compressed. */
function meta(name: string): Buffer {
  return readFileSync(new URL(name, import.meta.url));
}

describe('a MATLAB 5 file', () => {
  for (const name of ['meta.mat', 'meta-compressed.mat']) {
    it(`such as ${name} is read with its structs, texts and numbers`, () => {
      const { synsets } = readMat(meta(name));
      assert.ok(Array.isArray(synsets));
      const rows = synsets as MatStruct[];
      assert.deepEqual(
        rows.map(({ ILSVRC2012_ID: id, WNID: wnid }) => [id, wnid]),
        [
          [[1], 'n02119789'],
          [[2], 'n02100735'],
          [[3], 'n01440764'],
          [[4], 'n02110185'],
          [[1001], 'n02083346'],
        ],
      );
      assert.equal(rows[0]?.['words'], 'kit fox, Vulpes macrotis');
      assert.deepEqual(rows[4]?.['children'], [1, 2, 4]);
      assert.deepEqual(rows[0]?.['num_train_images'], [3]);
    });
  }

  it('that is cut off or changed anywhere is an error or other values, never a hang', () => {
    for (const name of ['meta.mat', 'meta-compressed.mat']) {
      const bytes = meta(name);
      for (let length = 128; length < bytes.length - 8; length += 7) {
        const { synsets } = catching(() => readMat(bytes.subarray(0, length)));
        assert.ok(synsets === undefined, `${name} cut to ${length}`);
      }
      for (let at = 128; at < bytes.length; at++) {
        const changed = Buffer.from(bytes);
        changed[at] = 0xff;
        catching(() => readMat(changed));
      }
    }
  });

  it('that would take gigabytes, millions of elements or a deep stack is refused', () => {
    const empty = element(14, Buffer.alloc(0));
    const cells = cellsOf(2 ** 21, Buffer.alloc(2 ** 21 * empty.length, empty));
    let nested = empty;
    for (let depth = 0; depth < 40; depth++) nested = cellsOf(1, nested);
    for (const [content, reason] of [
      [Buffer.alloc(2 ** 26 + 1), /unpacks into more than 67108864 bytes/],
      [cells, /holds more than 2097152 elements/],
      [nested, /something else than arrays/],
    ] as const) {
      assert.throws(() => readMat(compressed(content)), reason);
    }
  });

  it('of another kind says so', () => {
    assert.throws(() => readMat(Buffer.alloc(500)), /no MATLAB 5 file/);
    assert.throws(() => readMat(Buffer.from('MATLAB 7.3 MAT-file')), /no MATLAB 5 file/);
  });
});

/** The variables, or none where the reader throws an Error. */
function catching(read: () => ReturnType<typeof readMat>): ReturnType<typeof readMat> {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof Error);
    return {};
  }
}
