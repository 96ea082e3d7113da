const UTF16_BE = [0xfe, 0xff];
const UTF16_LE = [0xff, 0xfe];

/**
 * The text in a file: UTF-8, or UTF-16 by its mark at the start, which editors and PowerShell write.
 * The mark is no part of the text. Throws an Error where the bytes are no text.
 */
export function decodeText(bytes: Uint8Array): string {
  const begins = ([first, second]: readonly number[]) => bytes[0] === first && bytes[1] === second;
  const encoding = begins(UTF16_LE) ? 'utf-16le' : begins(UTF16_BE) ? 'utf-16be' : 'utf-8';
  let text = '\0';
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    // The same as a text with a zero in it, which no editor writes.
  }
  if (text.includes('\0')) throw new Error(`it is not a text in ${encoding.toUpperCase()}`);
  return text;
}
