/** Reads texts that people, editors and spreadsheets wrote. */
import { isUtf8 } from 'node:buffer';
import { describeContent } from './file-content.js';

const BYTE_ORDER_MARK = /^\ufeff/;
/** The characters of the bytes from 0x80 to 0x9f; Node 20 reads them as Latin-1. */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';
/** The only control characters in texts: tab to carriage return, and an old mark of the end. */
const CONTROLS: readonly number[] = [9, 10, 11, 12, 13, 26];

/**
 * The text in a file: UTF-8 or UTF-16, with or without a byte order mark, else Windows-1252, which
 * spreadsheets write. `cut` says that the bytes may end within a character. Throws an Error with the
 * reason where it is no text.
 */
export function decodeText(bytes: Buffer, { cut = false } = {}): string {
  const utf16 = utf16Of(bytes);
  const text = utf16 === undefined ? decodeBytes(bytes, cut) : decodeUtf16(bytes, utf16);
  if (!hasOtherControls(text)) return text.replace(BYTE_ORDER_MARK, '');
  const kind = describeContent(bytes);
  throw new Error(
    kind === undefined
      ? 'it is not a text file'
      : `it is not a text file: ${kind.what}; ${kind.advice}`,
  );
}

/** The lines of a text, whichever system wrote it. */
export function splitLines(text: string): string[] {
  return text.split(/\r\n|\n|\r/);
}

/** The lines that are not empty, without spaces around them. */
export function linesOf(text: string): string[] {
  return splitLines(text)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function hasOtherControls(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 32 && !CONTROLS.includes(code)) return true;
  }
  return false;
}

type ByteOrder = 'little' | 'big';

/** The byte order of UTF-16: by its mark, or by the zeros in the upper bytes of most letters. */
function utf16Of(bytes: Buffer): ByteOrder | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'little';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'big';
  const looks = Math.min(bytes.length, 512) & ~1;
  let even = 0;
  let odd = 0;
  for (let at = 0; at < looks; at += 2) {
    if (bytes[at] === 0) even++;
    if (bytes[at + 1] === 0) odd++;
  }
  if (odd > looks / 4 && even === 0) return 'little';
  return even > looks / 4 && odd === 0 ? 'big' : undefined;
}

function decodeUtf16(bytes: Buffer, order: ByteOrder): string {
  const whole = bytes.subarray(0, bytes.length & ~1);
  return (order === 'little' ? whole : Buffer.from(whole).swap16()).toString('utf16le');
}

function decodeBytes(bytes: Buffer, cut: boolean): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  if (cut) {
    for (let less = 1; less < 4; less++) {
      const shorter = bytes.subarray(0, bytes.length - less);
      if (isUtf8(shorter)) return shorter.toString('utf8');
    }
  }
  return decodeWindows1252(bytes);
}

/** Every byte is a character. */
export function decodeWindows1252(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[\u0080-\u009f]/g, (character) => {
    return WINDOWS_1252[character.charCodeAt(0) - 0x80] ?? character;
  });
}
