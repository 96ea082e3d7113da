import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesSource, withFile } from '../../../src/data/layouts/byte-source.js';
import { readMembers } from '../../../src/data/layouts/tar/tar.js';
import { DataError } from '../../../src/errors.js';
import { checkSummed } from '../../fuzz/odd-files.js';
import { temporaryDirectory, writeTree } from '../images.js';
import { type TarFormat, writeTar } from './tars.js';

describe('the members of a tar file', () => {
  const directory = temporaryDirectory();
  const members = (file: string, note?: (sentence: string) => void) =>
    withFile(file, undefined, (source) => readMembers(source, file, note && { note }));

  for (const format of ['v7', 'ustar', 'gnu', 'pax'] as const satisfies TarFormat[]) {
    it(`are where ${format} says`, async () => {
      const file = join(directory(), `${format}.tar`);
      const short = { 'a/1.txt': 'one', 'a/empty': '', 'b/2.bin': Buffer.alloc(5000, 7) };
      const long = { [`${'deep/'.repeat(30)}${'x'.repeat(90)}.txt`]: 'long', 'ä/ö.txt': 'other' };
      const files: Record<string, string | Uint8Array> =
        format === 'v7' ? short : { ...short, ...long };
      writeTar(file, files, { format });
      const bytes = readFileSync(file);
      const found = await members(file);
      assert.deepEqual(
        found.map(({ path }) => path),
        Object.keys(files).sort(),
      );
      for (const { path, offset, size } of found) {
        assert.deepEqual(
          bytes.subarray(offset, offset + size),
          Buffer.from(files[path] ?? ''),
          path,
        );
      }
      assert.deepEqual(await readMembers(bytesSource(bytes), file), found);
      assert.equal((await readMembers(bytesSource(bytes), file, { most: 2 })).length, 2);
    });
  }

  it('take hard links for what they link to, and leave out other links', async () => {
    const root = join(directory(), 'links');
    writeTree(root, { '1.txt': 'one' });
    linkSync(join(root, '1.txt'), join(root, '2.txt'));
    symlinkSync('1.txt', join(root, '3.txt'));
    execFileSync('tar', ['-cf', `${root}.tar`, '--sort=name', '-C', root, '.']);
    const [one, two, ...others] = await members(`${root}.tar`);
    assert.deepEqual(others, []);
    assert.deepEqual(two, { ...one, path: '2.txt' });
  });

  it('in a file that is cut off anywhere but at its end are an error', async () => {
    const file = join(directory(), 'cut.tar');
    writeTar(file, { 'a.txt': 'a'.repeat(700), 'b.txt': 'b'.repeat(600) });
    const bytes = readFileSync(file);
    const end = 512 + 1024 + 512 + 1024;
    for (let length = 100; length < end; length += 100) {
      writeFileSync(file, bytes.subarray(0, length));
      await assert.rejects(members(file), (error: unknown) => {
        assert.ok(error instanceof DataError);
        assert.match(error.message, /cut\.tar is truncated: it ends/, `${length}`);
        return true;
      });
    }
    writeFileSync(file, bytes);
    truncateSync(file, end);
    const notes: string[] = [];
    assert.equal((await members(file, (sentence) => notes.push(sentence))).length, 2);
    assert.match(notes[0] ?? '', /has no mark at its end, after b\.txt/);
  });

  it('after a damaged header are an error', async () => {
    const file = join(directory(), 'damaged.tar');
    writeTar(file, { 'a.txt': 'a', 'b.txt': 'b' });
    const bytes = readFileSync(file);
    bytes[1024 + 10] = 1;
    writeFileSync(file, bytes);
    await assert.rejects(members(file), /damaged\.tar is damaged: .*member 1024 bytes/);
    // The size of a.txt, negative as GNU writes numbers: the checksum is right.
    writeTar(file, { 'a.txt': 'a', 'b.txt': 'b' });
    const negative = readFileSync(file);
    negative.fill(0xff, 124, 136);
    writeFileSync(file, checkSummed(negative));
    await assert.rejects(members(file), /damaged\.tar is damaged: .*member 0 bytes/);
    writeFileSync(file, 'hello '.repeat(200));
    await assert.rejects(members(file), /damaged\.tar is not a tar file/);
    writeFileSync(file, '');
    await assert.rejects(members(file), /damaged\.tar is not a tar file: it is empty/);
    await assert.rejects(members(join(directory(), 'none.tar')), /Cannot read \S*none\.tar/);
  });
});
