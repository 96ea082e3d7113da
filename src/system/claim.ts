import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hasCode, isSystemError } from './system-errors.js';

/** A directory that this process alone writes to. */
export interface Claim {
  release(): Promise<void> | void;
}

/**
 * Claims a directory for this process; undefined where another process of this machine has it. The
 * claim is a socket in Linux's abstract namespace (man 7 unix): the system takes it away however
 * the process ends. Elsewhere, and on other machines and in containers that share the disk, nothing
 * is held.
 */
export async function claimDirectory(directory: string): Promise<Claim | undefined> {
  if (process.platform !== 'linux') return { release: () => {} };
  const { dev, ino } = await stat(directory, { bigint: true });
  const server = createServer().unref();
  server.listen(`\0cnn-${dev}-${ino}`);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (hasCode(error, 'EADDRINUSE')) return undefined;
    // Where the system forbids such sockets, runs are trained as well.
    if (!isSystemError(error)) throw error;
  }
  return {
    release() {
      server.close();
    },
  };
}
