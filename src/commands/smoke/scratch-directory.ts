import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where Linux keeps files in memory. */
const MEMORY = '/dev/shm';

/**
 * Runs `work` in a directory that is removed after it: in memory where there is room for twice the
 * bytes that it needs, because a disk takes longer to write the checkpoints of large networks than
 * the training does.
 */
export async function inScratchDirectory<T>(
  bytes: number,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const free = await statfs(MEMORY).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  const directory = await mkdtemp(join(free > 2 * bytes ? MEMORY : tmpdir(), 'cnn-smoke-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
