/** Errors of the operating system in words: the only place that knows their codes. */
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { RunError, UsageError } from '../errors.js';

interface Meaning {
  readonly reason: string;
  /** Another path would do: the fault is in what was asked for, not in the system. */
  readonly ofPath?: true;
  /** What the person at the terminal can do, as the beginning of a sentence. */
  readonly cure?: string;
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: { reason: 'there is no such file or directory', ofPath: true },
  ENOTDIR: { reason: 'a part of the path is a file, not a directory', ofPath: true },
  EISDIR: { reason: 'it is a directory', ofPath: true },
  EEXIST: { reason: 'there is a file of that name already', ofPath: true },
  ENOTEMPTY: { reason: 'there is a directory of that name already', ofPath: true },
  EACCES: { reason: 'permission denied', ofPath: true, cure: 'Allow it' },
  EPERM: { reason: 'the operation is not permitted', ofPath: true, cure: 'Allow it' },
  EROFS: { reason: 'the file system is read-only', ofPath: true, cure: 'Mount it for writing' },
  ENAMETOOLONG: { reason: 'the name is too long', ofPath: true },
  ELOOP: { reason: 'its symbolic links lead in a circle', ofPath: true },
  EINVAL: { reason: 'the file system does not take such a file', ofPath: true },
  ENXIO: { reason: 'there is no such device', ofPath: true },
  ENODEV: { reason: 'there is no such device', ofPath: true },
  ETXTBSY: { reason: 'it is a program that is running', ofPath: true },
  ENOSPC: { reason: 'the disk is full', cure: 'Make room on it' },
  EDQUOT: { reason: 'the disk quota is used up', cure: 'Make room' },
  EFBIG: {
    reason: 'the file would be larger than allowed (see ulimit -f)',
    cure: 'Raise the limit',
  },
  EMFILE: {
    reason: 'the program has as many files open as it may (see ulimit -n)',
    cure: 'Raise the limit',
  },
  ENFILE: { reason: 'the system has as many files open as it can' },
  EIO: { reason: 'the device failed' },
  ESTALE: { reason: 'the file server no longer knows it' },
  ENOMEM: { reason: 'there is not enough memory' },
  EPIPE: { reason: 'nobody reads it any more' },
};

/** What a system call was about to do. */
const VERBS: Readonly<Record<string, string>> = {
  open: 'open',
  read: 'read',
  write: 'write',
  fsync: 'write',
  close: 'write',
  copyfile: 'copy',
  stat: 'look at',
  fstat: 'look at',
  lstat: 'look at',
  access: 'look at',
  realpath: 'look at',
  scandir: 'list',
  opendir: 'list',
  mkdir: 'make',
  mkdtemp: 'make',
  rename: 'rename',
  link: 'link',
  unlink: 'remove',
  rm: 'remove',
  rmdir: 'remove',
  spawn: 'start',
};

/** Whether the operating system refused something, as Node reports it. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

/** Whether memory for an array, or for the addon, could not be had. */
export function isLackOfMemory(error: unknown): boolean {
  return (
    error instanceof Error &&
    /allocation failed|bad_alloc|Invalid typed array length/.test(error.message)
  );
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return isSystemError(error) && codes.includes(codeOf(error));
}

/** Why something failed: "the disk is full (ENOSPC)"; of another error its message. */
export function systemReason(error: unknown): string {
  if (!isSystemError(error)) return error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  const known = MEANINGS[code]?.reason ?? getSystemErrorMap().get(error.errno ?? 0)?.[1];
  return `${known ?? 'the system failed'} (${code})`;
}

/** What can be done about an error, as the beginning of a sentence. */
export function cureFor(error: NodeJS.ErrnoException): string {
  return MEANINGS[codeOf(error)]?.cure ?? 'Put that right';
}

/** The sentence for an error that nobody had more to say about. */
export function describeSystemError(error: NodeJS.ErrnoException): string {
  const { path, syscall = '' } = error;
  const file = path ?? (syscall in VERBS ? 'a file' : '');
  const act = `Cannot ${VERBS[syscall] ?? syscall} ${file}`;
  return `${act.trimEnd()}: ${systemReason(error)}`;
}

/**
 * What ends a command that cannot write `what`, the file or directory that it was told to write: a
 * UsageError where another path would do, else a RunError. Other errors stay as they are.
 */
export function cannotWrite(what: string, error: unknown, advice?: string): unknown {
  if (!isSystemError(error)) return error;
  const next = advice === undefined ? '' : `. ${advice}`;
  const message = `Cannot write ${what}: ${systemReason(error)}${next}`;
  return MEANINGS[codeOf(error)]?.ofPath
    ? new UsageError(message, { cause: error })
    : new RunError(message, { cause: error });
}

/** The name of an error. Node has none for some, among them a used-up quota and a stale file handle. */
function codeOf({ code = '', errno = 0 }: NodeJS.ErrnoException): string {
  if (/^E\w+$/.test(code)) return code;
  const names = Object.entries(constants.errno);
  return names.find(([, number]) => number === Math.abs(errno))?.[0] ?? `error ${Math.abs(errno)}`;
}
