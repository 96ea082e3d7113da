import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBytes } from '../../src/data/decode/read-bytes.js';
import { listFiles, TableBuilder } from '../../src/data/image-table.js';
import { namesOf, temporaryDirectory } from './images.js';

describe('a table of images', () => {
  const directory = temporaryDirectory();

  it('gives back names and places, in directories and in tar files', () => {
    const builder = new TableBuilder();
    builder.place({ path: '/data/train/a' });
    builder.add({ name: 'ä 1.jpg', size: 10 });
    builder.add({ name: 'deep/写真.png', size: -1 });
    builder.place({ path: '/data/train.tar', inside: 'b.tar:' });
    builder.add({ name: '1.jpg', size: 77, offset: 5e9 });
    const table = builder.build();
    assert.deepEqual(namesOf(table), [
      '/data/train/a/ä 1.jpg',
      '/data/train/a/deep/写真.png',
      '/data/train.tar:b.tar:1.jpg',
    ]);
    assert.deepEqual(table.locate(1), {
      file: '/data/train/a/deep/写真.png',
      offset: 0,
      length: -1,
    });
    assert.deepEqual(table.locate(2), { file: '/data/train.tar', offset: 5e9, length: 77 });
    for (const index of [-1, 3]) {
      assert.throws(() => table.name(index), RangeError);
      assert.throws(() => table.locate(index), RangeError);
    }
  });

  it('grows with its names', () => {
    const builder = new TableBuilder();
    builder.place({ path: '/d' });
    const names = Array.from({ length: 5000 }, (_, index) => `${'é'.repeat(index % 90)}${index}`);
    for (const name of names) builder.add({ name, size: 1 });
    assert.deepEqual(
      namesOf(builder.build()),
      names.map((name) => `/d/${name}`),
    );
  });

  it('of files has their paths', () => {
    const list = listFiles(['/x/1.jpg', '/y/2.jpg']);
    assert.deepEqual(namesOf(list), ['/x/1.jpg', '/y/2.jpg']);
    assert.throws(() => list.locate(2), RangeError);
  });

  it('locates bytes that can be read', () => {
    const file = join(directory(), 'bytes');
    writeFileSync(file, '0123456789');
    const read = (offset: number, length: number) => readBytes({ file, offset, length }).toString();
    assert.equal(read(0, -1), '0123456789');
    assert.equal(read(3, 4), '3456');
    assert.equal(read(10, 0), '');
    assert.throws(() => read(8, 4), /bytes ends 2 bytes before the image does/);
  });
});
