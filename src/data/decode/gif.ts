/**
 * Reads the first frame of a GIF as Pillow shows it: transparent pixels in the colour of their
 * index, which libvips drops. https://www.w3.org/Graphics/GIF/spec-gif89a.txt
 */
import type { Image } from '../../augment/index.js';
import { AS_PILLOW, checkPixels, type DecodeOptions } from './decode-options.js';
import { imageOfIndices, paletteOf } from './palette.js';

const EXTENSION = 0x21;
const FRAME = 0x2c;
const TRAILER = 0x3b;
const GRAPHIC_CONTROL = 0xf9;
const MOST_CODE_BITS = 12;
const SCREEN_BYTES = 13;
const FRAME_BYTES = 9;
/** The rows of an interlaced frame: every so many from each first one. */
const PASSES = [
  [0, 8],
  [4, 8],
  [2, 4],
  [1, 2],
] as const;

interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly interlaced: boolean;
  readonly palette: Uint8Array;
  /** The index of transparent pixels; 0 where there are none. */
  readonly background: number;
  /** Where the compressed pixels begin. */
  readonly at: number;
}

/**
 * The image in a GIF file, or undefined where it is another file. Throws if it is damaged or too
 * large.
 */
export function decodeGif(file: Buffer, options: DecodeOptions = AS_PILLOW): Image | undefined {
  if (!/^GIF8[79]a/.test(file.toString('latin1', 0, 6))) return undefined;
  if (file.length < SCREEN_BYTES) throw truncated();
  const frame = findFrame(file);
  const { left, top } = frame;
  const width = Math.max(file.readUInt16LE(6), left + frame.width);
  const height = Math.max(file.readUInt16LE(8), top + frame.height);
  if (frame.width * frame.height === 0) throw new Error('it has no pixels');
  checkPixels(width, height, options);
  const pixels = decompress(file, frame.at, frame.width * frame.height);
  const indices = new Uint8Array(width * height).fill(frame.background);
  for (const [line, row] of rowsOf(frame).entries()) {
    const from = line * frame.width;
    indices.set(pixels.subarray(from, from + frame.width), (top + row) * width + left);
  }
  return imageOfIndices(indices, frame.palette, { width, height });
}

function findFrame(file: Buffer): Frame {
  let [globalPalette, at] = readPalette(file, SCREEN_BYTES, file[10] as number);
  globalPalette ??= paletteOf();
  let background = 0;
  while (at < file.length) {
    const kind = file[at++];
    if (kind === TRAILER) break;
    if (kind === EXTENSION) {
      const control = file[at] === GRAPHIC_CONTROL && (file[at + 1] ?? 0) >= 4;
      if (control && (file[at + 2] ?? 0) & 1) background = file[at + 5] ?? 0;
      at = skipBlocks(file, at + 1);
    } else if (kind === FRAME) {
      if (at + FRAME_BYTES > file.length) throw truncated();
      const flags = file[at + 8] as number;
      const [palette, end] = readPalette(file, at + FRAME_BYTES, flags);
      return {
        left: file.readUInt16LE(at),
        top: file.readUInt16LE(at + 2),
        width: file.readUInt16LE(at + 4),
        height: file.readUInt16LE(at + 6),
        interlaced: (flags & 0x40) !== 0,
        palette: palette ?? globalPalette,
        background,
        at: end,
      };
    }
  }
  throw new Error('it has no frame');
}

/** The palette at a position, if the flags say that there is one, and what comes after it. */
function readPalette(file: Buffer, at: number, flags: number): [Uint8Array | undefined, number] {
  if ((flags & 0x80) === 0) return [undefined, at];
  const end = at + (3 << ((flags & 7) + 1));
  if (end > file.length) throw truncated();
  return [paletteOf(file.subarray(at, end)), end];
}

function skipBlocks(file: Buffer, from: number): number {
  let at = from;
  while (at < file.length && file[at] !== 0) at += 1 + (file[at] as number);
  return at + 1;
}

/** The row of each line of a frame, in the order of its lines. */
function rowsOf({ height, interlaced }: Frame): number[] {
  if (!interlaced) return Array.from({ length: height }, (_, row) => row);
  return PASSES.flatMap(([first, step]) => {
    const count = Math.max(0, Math.ceil((height - first) / step));
    return Array.from({ length: count }, (_, line) => first + line * step);
  });
}

/** GIF's variant of LZW (appendix F): `count` indices. Throws where there are fewer. */
function decompress(file: Buffer, at: number, count: number): Uint8Array {
  const rootBits = file[at] ?? 0;
  if (rootBits < 1 || rootBits > 8) throw new Error(`its pixels have ${rootBits} bits`);
  const clear = 1 << rootBits;
  const nextCode = codeReader(file, at + 1);
  /**
   * Of each code: the code before its last index, that index, the first one, and how many there
   * are.
   */
  const before = new Uint16Array(1 << MOST_CODE_BITS);
  const last = new Uint8Array(1 << MOST_CODE_BITS);
  const first = new Uint8Array(1 << MOST_CODE_BITS);
  const lengths = new Uint32Array(1 << MOST_CODE_BITS);
  for (let code = 0; code < clear; code++) {
    last[code] = code;
    first[code] = code;
    lengths[code] = 1;
  }
  const pixels = new Uint8Array(count);
  let filled = 0;
  let used = clear + 2;
  let bits = rootBits + 1;
  let previous = -1;
  while (filled < count) {
    const code = nextCode(bits);
    if (code === clear) {
      [used, bits, previous] = [clear + 2, rootBits + 1, -1];
      continue;
    }
    if (code === clear + 1) throw truncated();
    // The first code after a clear is one of a single index.
    if (code > used || (previous < 0 && code > clear)) {
      throw new Error('its compressed pixels are damaged');
    }
    if (previous >= 0 && used < 1 << MOST_CODE_BITS) {
      before[used] = previous;
      first[used] = first[previous] as number;
      last[used] = first[code === used ? previous : code] as number;
      lengths[used] = (lengths[previous] as number) + 1;
      used++;
      if (used === 1 << bits && bits < MOST_CODE_BITS) bits++;
    }
    const length = lengths[code] as number;
    let from = code;
    for (let index = filled + length - 1; index >= filled; index--) {
      if (index < count) pixels[index] = last[from] as number;
      from = before[from] as number;
    }
    filled += length;
    previous = code;
  }
  return pixels;
}

/** Reads codes of so many bits, the lowest first, from blocks that begin with their length. */
function codeReader(file: Buffer, from: number): (bits: number) => number {
  let at = from;
  let blockEnd = from;
  let held = 0;
  let heldBits = 0;
  return (bits) => {
    while (heldBits < bits) {
      while (at === blockEnd) {
        if (at >= file.length) throw truncated();
        blockEnd = at + 1 + (file[at] as number);
        at++;
      }
      if (at >= file.length) throw truncated();
      held |= (file[at++] as number) << heldBits;
      heldBits += 8;
    }
    const code = held & ((1 << bits) - 1);
    held >>>= bits;
    heldBits -= bits;
    return code;
  };
}

function truncated(): Error {
  return new Error('the file is truncated');
}
