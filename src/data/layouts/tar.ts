/** The members of a tar file and the places of their bytes: ustar, GNU and pax archives. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Header, type HeaderData, Pax } from 'tar';
import { DataError } from '../../errors.js';
import { systemReason } from '../../system-errors.js';

/** A regular file in a tar file. */
export interface Member {
  /** With `/` between its parts, without `./` before them. */
  readonly path: string;
  /** Bytes before it in the outermost file. */
  readonly offset: number;
  readonly size: number;
}

/** Bytes to read a tar file from. */
export interface ByteSource {
  /** Bytes before the tar file. */
  readonly start: number;
  /** Bytes before its end. */
  readonly end: number;
  /** Valid until the next call. */
  read(position: number, length: number): Buffer;
}

/** A header's bytes; those of a member take a whole number of blocks. */
export const BLOCK = 512;
/** What is read around a header: small enough to skip images, large enough for small members. */
const WINDOW = 4096;
/** Members read before signals and progress get their turn. */
const TURN = 4096;
/** Types of members with bytes of a file. */
const FILES: readonly string[] = ['File', 'OldFile', 'ContiguousFile'];
/** Longer names than that are taken for damage. */
const MOST_META = 1 << 20;

/** Calls `use` with the bytes of a file; `range` is the place of the tar file in it. */
export async function withFile<T>(
  file: string,
  range: { readonly offset: number; readonly size: number } | undefined,
  use: (source: ByteSource, mtimeNs: bigint) => T | Promise<T>,
): Promise<T> {
  const handle = openFile(file);
  try {
    const { size, mtimeNs } = fstatSync(handle, { bigint: true });
    const start = range?.offset ?? 0;
    const end = Math.min(Number(size), start + (range?.size ?? Number(size)));
    return await use({ start, end, read: windowReader(handle, end) }, mtimeNs);
  } finally {
    closeSync(handle);
  }
}

/** A tar file in memory. */
export function bytesSource(bytes: Buffer): ByteSource {
  const read = (position: number, length: number) => bytes.subarray(position, position + length);
  return { start: 0, end: bytes.length, read };
}

export interface ReadOptions {
  /** Members after which the reading ends. */
  readonly most?: number | undefined;
  /** Takes sentences about things that are odd. */
  readonly note?: (sentence: string) => void;
}

/**
 * The regular files of a tar file in their order. `name` is for messages. Throws a DataError if it is
 * damaged or cut off.
 */
export async function readMembers(
  source: ByteSource,
  name: string,
  { most = Number.POSITIVE_INFINITY, note = () => {} }: ReadOptions = {},
): Promise<Member[]> {
  const members: Member[] = [];
  const linked = linkFinder(members);
  let extended: HeaderData | undefined;
  let globals: HeaderData | undefined;
  let at = source.start;
  for (let turn = 1; at + BLOCK <= source.end && members.length < most; turn++) {
    if (turn % TURN === 0) await nextTurn();
    const header = new Header(source.read(at, BLOCK), 0, extended, globals);
    if (header.nullBlock) return members;
    if (!header.cksumValid) throw damaged(name, at - source.start);
    const size = header.size ?? 0;
    const body = at + BLOCK;
    if (body + size > source.end) throw truncated(name, header.path);
    at = body + Math.ceil(size / BLOCK) * BLOCK;
    const text = () => metaText(source, body, size, name);
    switch (header.type) {
      case 'ExtendedHeader':
        extended = Pax.parse(text(), extended, false);
        continue;
      case 'GlobalExtendedHeader':
        globals = Pax.parse(text(), globals, true);
        continue;
      case 'NextFileHasLongPath':
      case 'OldGnuLongPath':
        extended = { ...extended, path: untilZero(text()) };
        continue;
      case 'NextFileHasLongLinkpath':
        extended = { ...extended, linkpath: untilZero(text()) };
        continue;
    }
    // The package puts the prefix of a ustar header before a pax path, which holds it already.
    const path = extended?.path ?? header.path ?? '';
    const linkPath = extended?.linkpath ?? header.linkpath ?? '';
    extended = undefined;
    const member = { path: plainPath(path), offset: body, size };
    if (FILES.includes(header.type)) members.push(member);
    else if (header.type === 'Link') {
      const target = linked(plainPath(linkPath));
      if (target !== undefined) members.push({ ...target, path: member.path });
    }
  }
  if (members.length >= most) return members;
  if (at !== source.end || members.length === 0) throw truncated(name, members.at(-1)?.path);
  note(`${name} has no mark at its end, after ${members.at(-1)?.path}: it may be cut off there.`);
  return members;
}

/** A function that finds earlier members for hard links. Few tar files have any. */
function linkFinder(members: readonly Member[]): (path: string) => Member | undefined {
  const byPath = new Map<string, Member>();
  let known = 0;
  return (path) => {
    for (; known < members.length; known++) {
      const member = members[known] as Member;
      byPath.set(member.path, member);
    }
    return byPath.get(path);
  };
}

/** Without `./` before it and empty parts. */
export function plainPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.join('/');
}

function metaText(source: ByteSource, body: number, size: number, name: string): string {
  if (size > MOST_META) throw damaged(name, body - source.start);
  return source.read(body, size).toString('utf8');
}

function untilZero(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Reads the file in pieces, so that one call serves headers that are close together. */
function windowReader(handle: number, end: number): ByteSource['read'] {
  let window = Buffer.alloc(0);
  let from = 0;
  return (position, length) => {
    if (position < from || position + length > from + window.length) {
      const bytes = Buffer.allocUnsafe(Math.min(Math.max(length, WINDOW), end - position));
      from = position;
      let filled = 0;
      while (filled < bytes.length) {
        const count = readSync(handle, bytes, filled, bytes.length - filled, from + filled);
        if (count === 0) break;
        filled += count;
      }
      window = bytes.subarray(0, filled);
    }
    return window.subarray(position - from, position - from + length);
  };
}

function openFile(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (cause) {
    throw new DataError(`Cannot read ${file}: ${systemReason(cause)}.`, { cause });
  }
}

function damaged(name: string, position: number): DataError {
  const what =
    position === 0
      ? 'is no tar file, or a compressed one, which cannot be read in place'
      : `is damaged: expected the header of a member ${position} bytes from its start`;
  return new DataError(`${name} ${what}. Compare its size and checksum with the original.`);
}

function truncated(name: string, member: string | undefined): DataError {
  const where = member === undefined ? 'before its first member' : `in ${member}`;
  return new DataError(
    `${name} is truncated: it ends ${where}. Compare its size and checksum with the original.`,
  );
}
