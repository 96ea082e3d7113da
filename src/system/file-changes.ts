/**
 * Watches what this process changes on the disk, so that it can be ended between any two changes.
 * Only node:fs/promises is watched, by which all of a run is written.
 */

import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { createRequire, syncBuiltinESMExports } from 'node:module';

/** A change that is about to be made, such as { act: 'rename', path: 'run/checkpoints/last' }. */
export interface FileChange {
  readonly act: (typeof ACTS)[number] | 'create' | 'write' | 'sync';
  /** What is changed; of two paths the new one. */
  readonly path: string;
  /** Of a write: writes only the first half of the content. */
  readonly half?: () => Promise<void>;
}

const ACTS = ['rename', 'rm', 'mkdir', 'copyFile', 'writeFile', 'unlink', 'link'] as const;

const WRITING = constants.O_WRONLY | constants.O_RDWR;

type Watcher = (change: FileChange) => void | Promise<void>;
type Call = (...args: unknown[]) => Promise<unknown>;

// The object itself, whose functions all importers get after syncBuiltinESMExports.
const promises = createRequire(import.meta.url)('node:fs/promises') as Record<string, Call>;

/** Calls `before` ahead of each change, which is not made where that throws. Returns what ends it. */
export function watchFileChanges(before: Watcher): () => void {
  const original = { ...promises };
  for (const act of ACTS) {
    const call = original[act] as Call;
    promises[act] = async (...args) => {
      const [first, second] = args;
      const path = act === 'rename' || act === 'copyFile' || act === 'link' ? second : first;
      await before({ act, path: String(path) });
      return call(...args);
    };
  }
  promises['open'] = async (...args) => {
    const [path, flags = 'r'] = args;
    const reads = flags === 'r' || (typeof flags === 'number' && (flags & WRITING) === 0);
    if (!reads && flags !== 'r+') await before({ act: 'create', path: String(path) });
    const handle = (await (original['open'] as Call)(...args)) as FileHandle;
    return reads ? handle : watchHandle(handle, String(path), before);
  };
  syncBuiltinESMExports();
  return () => {
    Object.assign(promises, original);
    syncBuiltinESMExports();
  };
}

function watchHandle(handle: FileHandle, path: string, before: Watcher): FileHandle {
  const { writeFile, sync } = handle;
  handle.writeFile = async (data, ...rest) => {
    const bytes = Buffer.from(data as string);
    const half = () => writeFile.call(handle, bytes.subarray(0, bytes.length >> 1));
    await before({ act: 'write', path, half });
    return writeFile.call(handle, data, ...rest);
  };
  handle.sync = async () => {
    await before({ act: 'sync', path });
    return sync.call(handle);
  };
  return handle;
}
