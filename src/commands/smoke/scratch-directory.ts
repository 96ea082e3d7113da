import { rmSync } from 'node:fs';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where Linux keeps files in memory. */
const MEMORY = '/dev/shm';
/** By which a person or a scheduler ends the program. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

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
  const release = removeAtEnd(directory);
  try {
    return await work(directory);
  } finally {
    release();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Removes a directory when the program ends, by a signal too: memory would stay taken. */
function removeAtEnd(directory: string): () => void {
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const end = (signal: NodeJS.Signals) => {
    remove();
    release();
    process.kill(process.pid, signal);
  };
  const release = () => {
    process.off('exit', remove);
    for (const signal of SIGNALS) process.off(signal, end);
  };
  process.on('exit', remove);
  for (const signal of SIGNALS) process.on(signal, end);
  return release;
}
