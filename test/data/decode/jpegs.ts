/** JPEGs for the tests in forms that sharp does not write: any sampling, restart markers. */
import { random } from '../../../src/rng.js';

export interface JpegForm {
  readonly width: number;
  readonly height: number;
  /** Horizontal and vertical sampling factor of each component: grey has one, colour three. */
  readonly sampling: readonly (readonly [across: number, down: number])[];
  /** MCUs between two restart markers; 0 for none. */
  readonly restart?: number;
}

/**
 * A baseline JPEG of random smooth blocks. Instead of transforming pixels it draws the
 * coefficients, and its Huffman codes all have the same length: the DC table four bits, the AC
 * table eight.
 */
export function randomJpeg({ width, height, sampling, restart = 0 }: JpegForm, seed = 0): Buffer {
  const most = [0, 1].map((axis) => Math.max(...sampling.map((factors) => factors[axis as 0 | 1])));
  const [across = 1, down = 1] = sampling.length === 1 ? [1, 1] : most;
  const units = Math.ceil(width / (8 * across)) * Math.ceil(height / (8 * down));
  const components = sampling.map(([h, v], i) => [i + 1, (h << 4) | v, 0]);
  return Buffer.concat([
    Buffer.of(0xff, 0xd8),
    segment(0xdb, [0, ...Array.from({ length: 64 }, (_, i) => 4 + i)]),
    segment(0xc0, [8, ...word(height), ...word(width), sampling.length, ...components.flat()]),
    segment(0xc4, [0x00, ...codeLengths(4, 12), ...DC_SYMBOLS]),
    segment(0xc4, [0x10, ...codeLengths(8, AC_SYMBOLS.length), ...AC_SYMBOLS]),
    ...(restart > 0 ? [segment(0xdd, word(restart))] : []),
    segment(0xda, [sampling.length, ...sampling.flatMap((_, i) => [i + 1, 0]), 0, 63, 0]),
    scan(units, sampling.length === 1 ? [[1, 1]] : sampling, restart, seed),
    Buffer.of(0xff, 0xd9),
  ]);
}

const DC_SYMBOLS = Array.from({ length: 12 }, (_, size) => size);
/** End of block, and runs of up to three zeros before a value of up to four bits. */
const AC_SYMBOLS = [
  0,
  ...[0, 1, 2, 3].flatMap((run) => [1, 2, 3, 4].map((size) => run * 16 + size)),
];

function scan(
  units: number,
  sampling: JpegForm['sampling'],
  restart: number,
  seed: number,
): Buffer {
  const draw = random(seed, 'subset');
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  const put = (value: number, count: number) => {
    for (let bit = count - 1; bit >= 0; bit--) {
      bits = (bits << 1) | ((value >> bit) & 1);
      if (++held < 8) continue;
      bytes.push(bits);
      if (bits === 0xff) bytes.push(0);
      bits = 0;
      held = 0;
    }
  };
  const putValue = (codeBits: number, symbols: readonly number[], run: number, value: number) => {
    const size = 32 - Math.clz32(Math.abs(value));
    put(symbols.indexOf(run * 16 + size), codeBits);
    put(value < 0 ? value + 2 ** size - 1 : value, size);
  };
  let before = sampling.map(() => 0);
  for (let unit = 0; unit < units; unit++) {
    if (restart > 0 && unit > 0 && unit % restart === 0) {
      while (held > 0) put(1, 1);
      bytes.push(0xff, 0xd0 + ((unit / restart - 1) % 8));
      before = sampling.map(() => 0);
    }
    for (const [component, [h, v]] of sampling.entries()) {
      for (let block = 0; block < h * v; block++) {
        const level = draw.below(300) - 150;
        putValue(4, DC_SYMBOLS, 0, level - (before[component] as number));
        before[component] = level;
        for (let count = draw.below(6); count > 0; count--) {
          const value = 1 + draw.below(15);
          putValue(8, AC_SYMBOLS, draw.below(4), draw.uniform() < 0.5 ? value : -value);
        }
        put(0, 8);
      }
    }
  }
  while (held > 0) put(1, 1);
  return Buffer.from(bytes);
}

function segment(marker: number, content: readonly number[]): Buffer {
  return Buffer.of(0xff, marker, ...word(content.length + 2), ...content);
}

function word(value: number): number[] {
  return [value >> 8, value & 0xff];
}

/** The sixteen counts of codes by length of a table in which all have `bits` bits. */
function codeLengths(bits: number, count: number): number[] {
  return Array.from({ length: 16 }, (_, i) => (i === bits - 1 ? count : 0));
}
