/**
 * Names of files that are not UTF-8, which Linux allows and old disks and archives hold. In a string
 * each byte of such a name that is not UTF-8 is the lone surrogate U+DC00 + byte, as in Python's
 * surrogateescape: no UTF-8 name has those, so the bytes can be found again.
 */
import { isUtf8 } from 'node:buffer';
import { readFileSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { decodeWindows1252 } from './text.js';

/** What Node puts in the place of bytes that are not UTF-8. */
export const REPLACEMENT = '\ufffd';
/** Without the flag u, which takes half a microsecond more: the second half of a letter may match too. */
const MAYBE_ESCAPED = /[\udc80-\udcff]/;
const MAYBE_UNPRINTABLE = /[^ -~\u00a0-\udbff\ue000-\uffff]/;
const ESCAPED = /[\udc80-\udcff]/u;
const EACH_ESCAPED = /[\udc80-\udcff]/gu;
const EACH_UNPRINTABLE = /[\udc80-\udcff\p{Cc}]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of colours
const COLOUR_OR_UNPRINTABLE = /\x1b\[[\d;]*m|[\udc80-\udcff\p{Cc}]/gu;
const ESCAPE = 0xdc00;
const LONGEST_CHARACTER = 4;

export function decodeName(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!text.includes(REPLACEMENT) || isUtf8(bytes)) return text;
  let name = '';
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    name +=
      length > 0
        ? bytes.toString('utf8', at, at + length)
        : String.fromCharCode(ESCAPE + (bytes[at] as number));
    at += Math.max(1, length);
  }
  return name;
}

export function encodeName(name: string): Buffer {
  if (!MAYBE_ESCAPED.test(name)) return Buffer.from(name);
  const parts = name.split(/([\udc80-\udcff])/u);
  return Buffer.concat(
    parts.map((part) => {
      return ESCAPED.test(part) ? Buffer.of(part.charCodeAt(0) - ESCAPE) : Buffer.from(part);
    }),
  );
}

/** A path as Node's file system takes it. */
export function systemPath(path: string): string | Buffer {
  return MAYBE_ESCAPED.test(path) ? encodeName(path) : path;
}

/** A path from the root on; the name of the working directory may be such a name too. */
export function absolutePath(path: string): string {
  const here = process.cwd();
  if (!here.includes(REPLACEMENT)) return resolve(path);
  return resolve(decodeName(realpathSync.native('.', 'buffer')), path);
}

/** The arguments of the program; Node alone replaces bytes that are not UTF-8. */
export function givenArguments(): string[] {
  const given = process.argv.slice(2);
  if (!given.some((argument) => argument.includes(REPLACEMENT))) return given;
  let bytes: Buffer;
  try {
    bytes = readFileSync('/proc/self/cmdline');
  } catch {
    // Other systems than Linux do not tell.
    return given;
  }
  const all: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at);
    all.push(decodeName(bytes.subarray(at, end)));
    at = end + 1;
  }
  return all.slice(-given.length);
}

/**
 * A name for messages, tables and settings: `caf\xE9` where a byte is not UTF-8, and the same for
 * control characters, which a terminal would obey.
 */
export function printable(name: string): string {
  return MAYBE_UNPRINTABLE.test(name) ? name.replace(EACH_UNPRINTABLE, asHexadecimal) : name;
}

/**
 * A text of several lines and colours in which names may stand as they are: of what a terminal
 * would obey only lines, tabs and colours are left.
 */
export function printableText(text: string): string {
  if (!MAYBE_UNPRINTABLE.test(text)) return text;
  return text.replace(COLOUR_OR_UNPRINTABLE, (found) => {
    return found.length > 1 || found === '\n' || found === '\t' ? found : asHexadecimal(found);
  });
}

/** JSON text that shows all control characters; JSON.stringify leaves those from U+007F on. */
export function printableJson(json: string): string {
  return json.replace(/[\x7f-\x9f]/g, (character) => {
    return `\\u00${character.charCodeAt(0).toString(16)}`;
  });
}

function asHexadecimal(character: string): string {
  const byte = character.charCodeAt(0) & 0xff;
  return `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** A name whose bytes that are not UTF-8 are letters of Windows-1252. */
export function asWindows1252(name: string): string {
  if (!MAYBE_ESCAPED.test(name)) return name;
  return name.replace(EACH_ESCAPED, (character) => {
    return decodeWindows1252(Buffer.of(character.charCodeAt(0) - ESCAPE));
  });
}

/**
 * What equal names have in common: macOS takes letters and accents apart (NFD), other systems do not.
 */
export function nameKey(name: string): string {
  return name.normalize('NFC');
}

/** Bytes of the UTF-8 character at a position; 0 if there is none. */
function characterLength(bytes: Buffer, at: number): number {
  for (let length = 1; length <= LONGEST_CHARACTER && at + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(at, at + length))) return length;
  }
  return 0;
}
