import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { openIndex } from '../../src/data/dataset-index.js';
import type { Place } from '../../src/data/image-table.js';
import { loadIndex, saveIndex } from '../../src/data/index-cache.js';
import type { StoredHeader } from '../../src/data/index-check.js';
import type { DatasetIndex } from '../../src/data/indexed-dataset.js';
import { forged } from '../data/forged-index.js';
import { writeTree } from '../data/images.js';
import { fuzz } from './fuzz.js';
import { damagedFile, damagedJson } from './mutations.js';
import { oddIndex, sourcesOf } from './odd-indexes.js';

describe('kept indexes of strangers', function () {
  this.timeout(0);
  const directory = mkdtempSync(join(tmpdir(), 'cnn-fuzz-'));
  const at = (...names: string[]) => join(directory, ...names);
  const cacheBefore = process.env['CNN_CACHE'];
  const root = at('set');
  let found: DatasetIndex;
  let index = Buffer.alloc(0);
  let indexFile = '';
  let header = {} as StoredHeader;

  before(async () => {
    process.env['CNN_CACHE'] = at('cache');
    writeTree(root, { 'train/a/1.png': 1, 'train/ä/2.png': 2, 'val/a/1.png': 3 });
    const folders = ['', '/train', '/train/a', '/train/ä', '/val', '/val/a'];
    found = await openIndex(root);
    assert.equal(await saveIndex(found, sourcesOf(folders.map((path) => root + path))), undefined);
    indexFile = at('cache/indexes', readdirSync(at('cache/indexes'))[0] as string);
    index = readFileSync(indexFile);
    forged(index, (stored) => {
      header = structuredClone(stored);
    });
  });
  after(() => {
    rmSync(directory, { recursive: true, force: true });
    if (cacheBefore === undefined) delete process.env['CNN_CACHE'];
    else process.env['CNN_CACHE'] = cacheBefore;
  });

  async function readIndex(bytes: Buffer): Promise<void> {
    writeFileSync(indexFile, bytes);
    await checkIndex();
  }
  /** An index is one of the dataset's own images or none, and never an error. */
  async function checkIndex(): Promise<void> {
    const loaded = await loadIndex(root);
    for (const { images, labels } of [loaded?.train, loaded?.val].filter((part) => !!part)) {
      const { places, placeOf } = images.columns;
      for (const [position, label] of labels.entries()) {
        assert.ok(label >= 0 && label < 2, `label ${label}`);
        const { file, offset, length } = images.locate(position);
        const { path: folder, inside } = places[placeOf[position] as number] as Place;
        // The name of a folder alone is none of an image.
        if (inside === undefined)
          assert.ok(file.startsWith(`${folder}/`) && file.length > folder.length + 1, file);
        assert.ok(folder.startsWith(root) && !file.includes('..'), file);
        assert.ok(images.name(position).startsWith(root));
        if (inside !== undefined) assert.ok(Math.min(offset, length) >= 0, `${offset} ${length}`);
        assert.ok(Number.isSafeInteger(offset) && Number.isSafeInteger(length));
      }
    }
  }
  const never = () => false;
  fuzz('indexes', () => damagedFile([index]), readIndex, never);
  fuzz(
    'indexes with right checksums',
    () =>
      damagedFile([index])
        .filter(({ length }) => length >= 24)
        .map(asIndex),
    readIndex,
    never,
  );
  fuzz(
    'columns of indexes',
    () => {
      const columns = 16 + index.readUInt32LE(8);
      return damagedFile([index.subarray(columns)]).map((bytes) =>
        asIndex(Buffer.concat([index.subarray(0, columns), bytes])),
      );
    },
    readIndex,
    never,
  );
  fuzz(
    'lengths of headers of indexes',
    () => {
      const length = index.readUInt32LE(8);
      return fc.oneof(fc.nat(2 ** 32 - 1), fc.integer({ min: -64, max: 64 })).map((number) => {
        return withLength(index, number > length ? number : Math.max(0, length + number));
      });
    },
    readIndex,
    never,
  );
  fuzz(
    'images of indexes',
    () => oddIndex(found),
    async ({ index: odd, sources }) => {
      assert.equal(await saveIndex(odd, sources), undefined);
      await checkIndex();
    },
    never,
  );
  fuzz(
    'headers of indexes',
    () =>
      damagedJson(header).map((changed) =>
        forged(index, (stored) => {
          for (const key of Object.keys(stored))
            delete (stored as Partial<StoredHeader>)[key as 'val'];
          Object.assign(stored, changed);
        }),
      ),
    readIndex,
    never,
  );
});

/** The bytes as an index whose version, checksum and length of the header are right. */
function asIndex(bytes: Buffer): Buffer {
  return withLength(bytes, Math.min(bytes.readUInt32LE(8), bytes.length - 16) & ~7);
}

/** The same with any length. */
function withLength(bytes: Buffer, length: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(4, 0);
  copy.writeUInt32LE(length, 8);
  copy.writeUInt32LE(crc32(copy.subarray(8)), 4);
  return copy;
}
