/** The members of a tar file and the places of their bytes: ustar, GNU and pax archives. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Header } from 'tar';
import { DataError } from '../../../errors.js';
import {
  CONTENT_BYTES,
  describeContent,
  notWhatItsNameSays,
} from '../../../system/file-content.js';
import { decodeName, printable, REPLACEMENT } from '../../../system/file-names.js';
import type { ByteSource } from '../byte-source.js';

/** A regular file in a tar file. */
export interface Member {
  /** With `/` between its parts, without `./` before them; a name as of file-names.ts. */
  readonly path: string;
  /** Bytes before it in the outermost file. */
  readonly offset: number;
  readonly size: number;
}

/** A header's bytes; those of a member take a whole number of blocks. */
export const BLOCK = 512;
/** Members read before signals and progress get their turn. */
const TURN = 4096;
/** Types of members with bytes of a file. */
const FILES: readonly string[] = ['File', 'OldFile', 'ContiguousFile'];
/** Longer names than that are taken for damage. */
const MOST_META = 1 << 20;
/** GNU tar fills its files up to a multiple of this with zeros. */
const RECORD = 20 * BLOCK;
/** Fields of a header: position and bytes. */
const NAME = [0, 100] as const;
const LINK = [157, 100] as const;
const PREFIX = [345, 155] as const;
const MAGIC_AT = 257;

export interface ReadOptions {
  /** Members after which the reading ends. */
  readonly most?: number | undefined;
  /** Takes sentences about things that are odd. */
  readonly note?: (sentence: string) => void;
  /** Called where the mark at the end is missing: the file may have been cut off after a member. */
  readonly onNoEnd?: (last: Member) => void;
}

/** What an extended header says of the member after it. */
interface Extended {
  readonly path?: string;
  readonly linkpath?: string;
  readonly size?: number;
}

/**
 * The regular files of a tar file in their order. `name` is for messages. Throws a DataError if it is
 * no tar file, damaged or cut off.
 */
export async function readMembers(
  source: ByteSource,
  name: string,
  { most = Number.POSITIVE_INFINITY, note = () => {}, onNoEnd = () => {} }: ReadOptions = {},
): Promise<Member[]> {
  const members: Member[] = [];
  const linked = linkFinder(members);
  let extended: Extended = {};
  let globals: Extended = {};
  let at = source.start;
  for (let turn = 1; at + BLOCK <= source.end && members.length < most; turn++) {
    if (turn % TURN === 0) await nextTurn();
    const block = source.read(at, BLOCK);
    const header = headerIn(block, extended, globals);
    if (header?.nullBlock) {
      checkEnd(source, at, name, note);
      return members;
    }
    if (header === undefined || !header.cksumValid) throw damaged(source, at, name);
    const { type } = header;
    // Folders and links may have none. The package gives none for a negative one.
    const size = header.size ?? (FILES.includes(type) ? Number.NaN : 0);
    if (!(size >= 0)) throw damaged(source, at, name);
    const path = extended.path ?? pathIn(header, block);
    const linkPath = extended.linkpath ?? linkPathIn(header, block);
    const body = at + BLOCK;
    if (body + size > source.end) throw truncated(name, path);
    at = body + Math.ceil(size / BLOCK) * BLOCK;
    const meta = () => metaBytes(source, body, size, name);
    switch (type) {
      case 'ExtendedHeader':
        extended = { ...extended, ...readPax(meta()) };
        continue;
      case 'GlobalExtendedHeader':
        globals = { ...globals, ...readPax(meta()) };
        continue;
      case 'NextFileHasLongPath':
      case 'OldGnuLongPath':
        extended = { ...extended, path: decodeName(untilZero(meta())) };
        continue;
      case 'NextFileHasLongLinkpath':
        extended = { ...extended, linkpath: decodeName(untilZero(meta())) };
        continue;
    }
    extended = {};
    const member = { path: plainPath(path), offset: body, size };
    if (FILES.includes(type)) members.push(member);
    else if (type === 'Link') {
      const target = linked(plainPath(linkPath));
      if (target !== undefined) members.push({ ...target, path: member.path });
    }
  }
  if (members.length >= most) return members;
  const last = members.at(-1);
  if (at !== source.end || last === undefined) throw truncated(name, last?.path, source);
  note(`${name} has no mark at its end, after ${printable(last.path)}: it may be cut off there.`);
  onNoEnd(last);
  return members;
}

/** The header in a block; undefined where its numbers are none. */
function headerIn(block: Buffer, extended: Extended, globals: Extended): Header | undefined {
  try {
    return new Header(block, 0, extended, globals);
  } catch {
    return undefined;
  }
}

/** The path in a header, whose bytes the package reads as UTF-8. */
function pathIn({ path = '' }: Header, block: Buffer): string {
  if (!path.includes(REPLACEMENT)) return path;
  const name = fieldIn(block, NAME);
  const prefix = block.toString('latin1', MAGIC_AT, MAGIC_AT + 6) === 'ustar\0';
  const before = prefix ? fieldIn(block, PREFIX) : '';
  return before === '' ? name : `${before}/${name}`;
}

function linkPathIn({ linkpath = '' }: Header, block: Buffer): string {
  return linkpath.includes(REPLACEMENT) ? fieldIn(block, LINK) : linkpath;
}

function fieldIn(block: Buffer, [at, length]: readonly [number, number]): string {
  return decodeName(untilZero(block.subarray(at, at + length)));
}

/** The records `LENGTH KEY=VALUE` of a pax header; a value may be any bytes. */
function readPax(bytes: Buffer): Extended {
  const values: { path?: string; linkpath?: string; size?: number } = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(' ', at);
    const length = Number(bytes.toString('latin1', at, space));
    if (space < 0 || !(length > 0) || at + length > bytes.length) break;
    const record = bytes.subarray(space + 1, at + length - 1);
    const equals = record.indexOf('=');
    const key = record.toString('latin1', 0, Math.max(0, equals));
    const value = record.subarray(equals + 1);
    if (key === 'path' || key === 'linkpath') values[key] = decodeName(value);
    else if (key === 'size') values.size = sizeIn(value.toString('latin1'));
    at += length;
  }
  return values;
}

/** NaN for what is no size: a negative one would lead back to a header that was read. */
function sizeIn(text: string): number {
  const size = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(size) ? size : Number.NaN;
}

/** Looks at what follows the mark at the end, which nobody reads. */
function checkEnd(
  source: ByteSource,
  at: number,
  name: string,
  note: (sentence: string) => void,
): void {
  if (source.end - at <= RECORD) return;
  const isZero = (position: number) => source.read(position, BLOCK).every((byte) => byte === 0);
  if (isZero(source.end - BLOCK)) {
    if (at === source.start) throw notWhatItsNameSays(name, 'a tar file', source.read(at, BLOCK));
    return;
  }
  note(`${name} has more after its end, at byte ${at - source.start}: that was not read.`);
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

function metaBytes(source: ByteSource, body: number, size: number, name: string): Buffer {
  if (size > MOST_META) throw damaged(source, body - BLOCK, name);
  return source.read(body, size);
}

function untilZero(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function isTar(start: Buffer): boolean {
  return start.toString('latin1', MAGIC_AT, MAGIC_AT + 5) === 'ustar';
}

function damaged(source: ByteSource, at: number, name: string): DataError {
  const position = at - source.start;
  if (position === 0) {
    const start = Buffer.from(source.read(at, Math.min(CONTENT_BYTES, source.end - at)));
    if (!isTar(start)) {
      return notWhatItsNameSays(name, 'a tar file', start);
    }
  }
  return new DataError(
    `${name} is damaged: expected the header of a member ${position} bytes from its start. Compare its size and checksum with the original.`,
  );
}

function truncated(name: string, member: string | undefined, source?: ByteSource): DataError {
  if (source !== undefined && source.end - source.start < BLOCK) {
    const start = source.read(source.start, source.end - source.start);
    if (!isTar(start) && describeContent(start) !== undefined) {
      return notWhatItsNameSays(name, 'a tar file', start);
    }
  }
  const where =
    member === undefined
      ? 'before its first member, or it is not a tar file'
      : `in ${printable(member)}`;
  return new DataError(
    `${name} is truncated: it ends ${where}. Compare its size and checksum with the original.`,
  );
}
