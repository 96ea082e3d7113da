import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../src/errors.js';
import { lockFile, lockRun } from '../../src/runs/lock.js';
import { exists } from '../../src/system/files.js';
import { temporaryDirectory } from '../commands/program.js';

describe('the lock of a run', () => {
  const directory = temporaryDirectory();
  let path = '';
  let count = 0;

  beforeEach(async () => {
    path = join(directory.path, `run${count++}`);
    await mkdir(path);
  });

  async function holder(): Promise<Record<string, unknown>> {
    await rm(lockFile(path), { force: true });
    const lock = await lockRun({ path });
    const found = JSON.parse(await readFile(lockFile(path), 'utf8'));
    await lock.release();
    return found;
  }
  /** What another process left. */
  async function leave(changes: Record<string, unknown>): Promise<void> {
    await writeFile(lockFile(path), JSON.stringify({ ...(await holder()), ...changes }));
  }
  async function refusal(): Promise<string> {
    const error = await lockRun({ path }).then(
      () => assert.fail('It was taken.'),
      (reason) => reason,
    );
    assert.ok(error instanceof UsageError, String(error));
    return error.message;
  }

  it('is one at a time, and gone after it', async () => {
    const lock = await lockRun({ path });
    assert.match(await refusal(), /^Another process trains .*run0: stop it, or wait for its end/);
    await lock.release();
    assert.equal(await exists(lockFile(path)), false);
    await (await lockRun({ path })).release();
  });

  it('is that of a process which lives, by its number and its start', async () => {
    const started = (await readFile('/proc/1/stat', 'latin1')).split(' ')[21];
    await leave({ pid: 1, started });
    assert.match(await refusal(), /lock\.json: process 1 since \d{4}-/);
    // Another process has got that number since.
    await leave({ pid: 1, started: `${started}1` });
    await (await lockRun({ path })).release();
  });

  it('is taken over where its process has ended', async () => {
    for (const changes of [{ pid: 4_194_305 }, { pid: 1, boot: 'before the restart' }]) {
      await leave(changes);
      await (await lockRun({ path })).release();
    }
  });

  it('of another machine is respected, and it is said how to remove it', async () => {
    for (const changes of [
      { host: 'node7', boot: 'its own', pid: 4_194_305 },
      { processes: 'pid:[1]', pid: 4_194_305 },
    ]) {
      await leave(changes);
      const file = lockFile(path);
      const text = await refusal();
      assert.match(text, /says that process 4194305 of \S+ trains .* since \d{4}-/);
      assert.ok(text.endsWith(`if it has ended, remove the lock with: rm ${file}`), text);
      assert.ok(await exists(file));
      await rm(file);
      await (await lockRun({ path })).release();
    }
  });

  it('does not hold for a copy of the run', async () => {
    const lock = await lockRun({ path });
    const copy = `${path}-copy`;
    await cp(path, copy, { recursive: true });
    await (await lockRun({ path: copy })).release();
    await lock.release();
  });

  it('that is not whole is being written, unless it is old', async () => {
    const file = lockFile(path);
    await writeFile(file, '');
    assert.match(await refusal(), /just now/);
    await utimes(file, 0, 0);
    await (await lockRun({ path })).release();
  });
});
