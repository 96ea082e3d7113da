/**
 * Reads the portable bitmaps of Netpbm as Pillow does: P1 to P6, in text or bytes, of up to 16 bits
 * a level. libvips of sharp reads none. https://netpbm.sourceforge.net/doc/pnm.html
 */
import type { Image } from '../../augment/index.js';
import { AS_PILLOW, checkPixels, type DecodeOptions } from './decode-options.js';

const NEWLINE = 10;
const RETURN = 13;
const HASH = 35;
const ZERO = 48;
/** Longer numbers are taken for damage. */
const MOST_DIGITS = 10;

interface Form {
  readonly text: boolean;
  /** Black and white: 1 is black. */
  readonly bitmap: boolean;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** The level of white. */
  readonly most: number;
}

/**
 * The image in a PNM file, or undefined where it is another file. Throws if it is damaged or too
 * large.
 */
export function decodePnm(file: Buffer, options: DecodeOptions = AS_PILLOW): Image | undefined {
  const kind = Number(/^P([1-6])[\s#]/.exec(file.toString('latin1', 0, 3))?.[1]);
  if (Number.isNaN(kind)) return undefined;
  const tokens = new Tokens(file, 2);
  const [width, height] = [tokens.number(), tokens.number()];
  const bitmap = kind === 1 || kind === 4;
  const most = bitmap ? 1 : tokens.number();
  if (most < 1 || most > 65535) throw new Error(`its highest level is ${most}, not 1 to 65535`);
  if (width * height === 0) throw new Error('it has no pixels');
  checkPixels(width, height, options);
  const channels = kind % 3 === 0 ? 3 : 1;
  const form: Form = { text: kind < 4, bitmap, width, height, channels, most };
  return { data: readLevels(file, tokens, form), width, height, channels };
}

function readLevels(file: Buffer, tokens: Tokens, form: Form): Uint8Array {
  const { text, bitmap, width, height, channels } = form;
  const data = new Uint8Array(width * height * channels);
  if (bitmap) {
    if (text) for (let i = 0; i < data.length; i++) data[i] = tokens.bit() === 1 ? 0 : 255;
    else unpackBits(file, tokens.at, width, data);
    return data;
  }
  const level = levelTable(form);
  if (text) {
    for (let i = 0; i < data.length; i++) data[i] = level(tokens.number());
    return data;
  }
  const bytes = form.most < 256 ? 1 : 2;
  if (tokens.at + data.length * bytes > file.length) throw truncated();
  for (let i = 0; i < data.length; i++) {
    data[i] = level(file.readUIntBE(tokens.at + i * bytes, bytes));
  }
  return data;
}

/**
 * From a level of the file to 0 to 255. Pillow has a grey image of more than 255 levels in 16 bits,
 * which it cuts off at 255 to make RGB of it.
 */
function levelTable({ text, channels, most }: Form): (level: number) => number {
  const scale = channels === 1 && most > 255 ? 65535 : 255;
  return (level) => {
    if (text && level > most) throw new Error(`its level ${level} is above the highest, ${most}`);
    return Math.min(255, scale, roundHalfEven((level / most) * scale));
  };
}

/** Python's round. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Rows begin at a byte; the leftmost pixel is the highest bit, and 1 is black. */
function unpackBits(file: Buffer, from: number, width: number, data: Uint8Array): void {
  const stride = Math.ceil(width / 8);
  if (from + (data.length / width) * stride > file.length) throw truncated();
  for (let i = 0; i < data.length; i++) {
    const x = i % width;
    const byte = file[from + ((i - x) / width) * stride + (x >> 3)] as number;
    data[i] = (byte >> (7 - (x & 7))) & 1 ? 0 : 255;
  }
}

/** Numbers with white space between them, and comments from `#` to the end of the line. */
class Tokens {
  readonly #file: Buffer;
  /** Of the byte after what was read. */
  at: number;

  constructor(file: Buffer, at: number) {
    this.#file = file;
    this.at = at;
  }

  /** A number, and the one white space after it. */
  number(): number {
    let value = 0;
    let digits = 0;
    for (;;) {
      const byte = this.#next();
      if (byte === undefined && digits === 0) throw truncated();
      if (byte === undefined || isSpace(byte)) {
        if (digits > 0) return value;
        continue;
      }
      if (!isDigit(byte) || ++digits > MOST_DIGITS)
        throw new Error('it has no number where one is due');
      value = value * 10 + byte - ZERO;
    }
  }

  /** A digit 0 or 1, with or without white space around it. */
  bit(): number {
    for (;;) {
      const byte = this.#next();
      if (byte === undefined) throw truncated();
      if (byte === ZERO || byte === ZERO + 1) return byte - ZERO;
      if (!isSpace(byte)) throw new Error('it has something other than 0 and 1');
    }
  }

  #next(): number | undefined {
    while (this.#file[this.at] === HASH) {
      while (this.at < this.#file.length && !isLineEnd(this.#file[this.at])) this.at++;
      this.at++;
    }
    return this.#file[this.at++];
  }
}

function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= RETURN);
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === NEWLINE || byte === RETURN;
}

function truncated(): Error {
  return new Error('the file is truncated');
}
