/**
 * Keeps two processes from training one run, or one experiment: by a claim that ends with the process,
 * and for machines that share a disk by a file that says who trains it.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { link, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../errors.js';
import { type Claim, claimDirectory } from '../system/claim.js';
import { temporaryName, writeDurably } from '../system/files.js';
import { cannotWrite, hasCode } from '../system/system-errors.js';
import type { RunDirectory } from './run-directory.js';

const holderSchema = z.object({
  host: z.string(),
  /** Of the system since it was started, and of the numbers of processes, which a container has of its own. */
  boot: z.string(),
  processes: z.string(),
  pid: z.int().positive(),
  /** When the process started, as the system counts: another one may have got its number since. */
  started: z.string(),
  /** The number of the run's directory on its disk: a copy of a run is not locked. */
  directory: z.string(),
  since: z.string(),
});

type Holder = Readonly<z.infer<typeof holderSchema>>;

/** A lock that is not whole is being written, if it is not older than this. */
const WRITING_SECONDS = 10;

/** How messages speak of a directory that is locked. */
interface Words {
  /** What a process does that has the lock: `trains runs/a`. */
  readonly does: string;
  readonly called: string;
  /** What to do where the lock cannot be written. */
  readonly advice?: string;
}

/** Throws a UsageError where another process trains the run already. */
export function lockRun({ path }: Pick<RunDirectory, 'path'>): Promise<Claim> {
  const advice = 'Its checkpoints are whole: a copy of the directory can be resumed elsewhere';
  return lockDirectory(path, { does: `trains ${path}`, called: `the run ${path}`, advice });
}

/** Throws a UsageError where another process has the directory, or where it cannot be written. */
export async function lockDirectory(path: string, words: Words): Promise<Claim> {
  const { does } = words;
  const claim = await claimDirectory(path);
  if (claim === undefined) {
    const who = await trainerOf({ path }).catch(() => undefined);
    if (who !== undefined) throw takenBy(path, does, who);
    throw new UsageError(`Another process ${does}: stop it, or wait for its end`);
  }
  const file = lockFile(path);
  try {
    const holder = await currentHolder(path);
    await removeStale(path, holder, does);
    await create(path, `${JSON.stringify(holder, undefined, 2)}\n`, words);
    return {
      async release() {
        await rm(file, { force: true }).catch(() => {});
        await claim.release();
      },
    };
  } catch (error) {
    await claim.release();
    throw error;
  }
}

export function lockFile(path: string): string {
  return join(path, 'lock.json');
}

/** Whether a process seems to train the run now, on this machine or on another that shares the disk. */
export async function isBeingTrained(run: Pick<RunDirectory, 'path'>): Promise<boolean> {
  return (await trainerOf(run)) !== undefined;
}

/** The process that does, in words; undefined where none does. */
export async function trainerOf({ path }: Pick<RunDirectory, 'path'>): Promise<string | undefined> {
  const file = lockFile(path);
  const holder = await readHolder(file);
  if (holder === undefined) return undefined;
  if (holder === 'not whole') {
    return (await isBeingWritten(file)) ? 'a process that has just begun' : undefined;
  }
  const self = await currentHolder(path);
  const elsewhere = isElsewhere(holder, self);
  if (!elsewhere && !isAlive(holder, self)) return undefined;
  return `process ${holder.pid}${elsewhere ? ` of ${holder.host}` : ''} since ${holder.since}`;
}

async function isBeingWritten(file: string): Promise<boolean> {
  const { mtimeMs } = await stat(file);
  return Date.now() - mtimeMs < 1000 * WRITING_SECONDS;
}

/** Removes the lock of a process that has ended; throws where that is not known. */
async function removeStale(path: string, self: Holder, does: string): Promise<void> {
  const file = lockFile(path);
  const holder = await readHolder(file);
  if (holder === undefined) return;
  if (holder === 'not whole') {
    if (await isBeingWritten(file)) throw takenBy(path, does, 'just now');
  } else if (isElsewhere(holder, self)) {
    const { host, pid, since } = holder;
    throw new UsageError(
      `${file} says that process ${pid} of ${host} ${does} since ${since}. ` +
        `Stop it there, or wait for its end; if it has ended, remove the lock with: rm ${file}`,
    );
  } else if (isAlive(holder, self)) {
    throw takenBy(path, does, `process ${holder.pid} since ${holder.since}`);
  }
  await rm(file, { force: true });
}

function takenBy(path: string, does: string, who: string): UsageError {
  return new UsageError(
    `Another process ${does}: stop it, or wait for its end (${lockFile(path)}: ${who})`,
  );
}

/** Whether the processes of the lock's writer cannot be seen from here. */
function isElsewhere(holder: Holder, self: Holder): boolean {
  if (holder.directory !== self.directory) return false;
  if (holder.host !== self.host) return true;
  return holder.boot === self.boot && holder.processes !== self.processes;
}

/** After a restart of the machine none of its processes is. */
function isAlive(holder: Holder, self: Holder): boolean {
  return (
    holder.directory === self.directory &&
    holder.boot === self.boot &&
    holder.pid !== self.pid &&
    startOf(holder.pid) === holder.started
  );
}

async function readHolder(file: string): Promise<Holder | 'not whole' | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return 'not whole';
  }
}

/** Creates the lock whole, where no other machine was faster. */
async function create(path: string, text: string, words: Words): Promise<void> {
  const file = lockFile(path);
  const partial = temporaryName(file);
  try {
    await writeDurably(partial, [text]);
    try {
      await link(partial, file);
    } catch (error) {
      if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK')) throw error;
      // The disk has no hard links.
      await writeDurably(file, [text]);
    }
  } catch (error) {
    if (hasCode(error, 'EEXIST')) throw takenBy(path, words.does, 'just now');
    throw cannotWrite(words.called, error, words.advice);
  } finally {
    await rm(partial, { force: true });
  }
}

async function currentHolder(path: string): Promise<Holder> {
  const { ino } = await stat(path, { bigint: true });
  return {
    host: hostname(),
    boot: fact(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    processes: fact(() => readlinkSync('/proc/self/ns/pid')),
    pid: process.pid,
    started: startOf(process.pid) ?? '',
    directory: String(ino),
    since: new Date().toISOString(),
  };
}

/** When a process started, in ticks since the machine did; undefined where there is none. */
function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return isRunning(pid) ? '' : undefined;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in brackets may hold spaces; man 5 proc counts the fields after it from 3.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[22 - 3];
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, 'ESRCH');
  }
}

/** What only Linux tells. */
function fact(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
