import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../src/errors.js';
import { writeNewDirectory } from '../../src/system/new-directory.js';
import { temporaryDirectory } from '../commands/program.js';

const FILES = [
  ['a.bin', Buffer.from('first')],
  ['b.json', Buffer.from('second')],
] as const;

describe('a new directory', () => {
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory.path, ...names);
  const write = (path: string, files: Parameters<typeof writeNewDirectory>[2] = FILES) =>
    writeNewDirectory(path, '--output', files);
  const refused = (message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, message);
    return true;
  };

  it('is made with all above it, and in the place of an empty one', async () => {
    await mkdir(at('empty'));
    for (const path of [at('deep', 'er'), at('empty'), `${at('slash')}/`]) {
      await write(path);
      assert.deepEqual((await readdir(path)).sort(), ['a.bin', 'b.json']);
      assert.equal(await readFile(join(path, 'b.json'), 'utf8'), 'second');
    }
  });

  it('is where a link leads to', async () => {
    await mkdir(at('real'));
    await symlink(at('real'), at('link'));
    await write(at('link'));
    assert.deepEqual((await readdir(at('real'))).sort(), ['a.bin', 'b.json']);
  });

  it('is refused in the place of files', async () => {
    await writeFile(at('file'), '');
    await assert.rejects(write(at('file')), refused(/new or empty directory but .*file is a file/));
    await mkdir(at('full'));
    await writeFile(at('full', 'precious'), '');
    await assert.rejects(write(at('full')), refused(/full holds precious: choose another/));
    assert.deepEqual(await readdir(at('full')), ['precious']);
  });

  it('is not there, in part neither, where its files cannot be made', async () => {
    function* failing(): Generator<(typeof FILES)[number]> {
      yield FILES[0];
      throw new Error('no more');
    }
    await mkdir(at('parent'));
    await assert.rejects(write(at('parent', 'half'), failing()), /no more/);
    assert.deepEqual(await readdir(at('parent')), []);
  });
});
