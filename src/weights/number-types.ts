/** The number types of weights files, all little-endian, and how they become float32. */

/** Bytes of one number. */
export const NUMBER_BYTES = { f16: 2, bf16: 2, f32: 4, f64: 8, i64: 8 } as const;

export type NumberType = keyof typeof NUMBER_BYTES;

/** Room for `count` numbers; `bytes` begins where every typed array may begin. */
export function roomFor(type: NumberType, count: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(count * NUMBER_BYTES[type]);
}

/**
 * Numbers as float32; those that are float32 already share memory with `bytes`, which begin at 0 of
 * their buffer.
 */
export function toFloat32(
  type: NumberType,
  { buffer }: Uint8Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> {
  switch (type) {
    case 'f32':
      return new Float32Array(buffer);
    case 'f64':
      return new Float32Array(new Float64Array(buffer));
    case 'i64':
      return Float32Array.from(new BigInt64Array(buffer), Number);
    case 'bf16':
      return brainToFloat32(new Uint16Array(buffer));
    case 'f16':
      return halfToFloat32(new Uint16Array(buffer));
  }
}

/** bfloat16 is the upper half of float32. */
function brainToFloat32(words: Uint16Array): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(words.length);
  for (let at = 0; at < words.length; at++) bits[at] = (words[at] as number) << 16;
  return new Float32Array(bits.buffer);
}

function halfToFloat32(words: Uint16Array): Float32Array<ArrayBuffer> {
  const values = halfValues();
  const result = new Float32Array(words.length);
  for (let at = 0; at < words.length; at++) result[at] = values[words[at] as number] as number;
  return result;
}

/** The nearest float16, of two that are as near the even one; infinite from 65,520 on. */
export function float32ToHalf(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const result = new Uint16Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const word = bits[at] as number;
    result[at] = ((word >>> 16) & 0x8000) | halfOf(word & 0x7fffffff);
  }
  return result;
}

/** Of the bits of a float32 that is not negative. */
function halfOf(word: number): number {
  if (word > 0x7f800000) return 0x7e00;
  if (word >= 0x477ff000) return 0x7c00;
  const even = (word >>> 13) & 1;
  if (word >= 0x38800000) return (word - 0x38000000 + 0xfff + even) >>> 13;
  // Below 2^-14 float16 has steps of 2^-24, which are those of float32 above 0.5.
  PAIR.setUint32(0, word);
  PAIR.setFloat32(0, PAIR.getFloat32(0) + 0.5);
  return PAIR.getUint32(0) - 0x3f000000;
}

const PAIR = new DataView(new ArrayBuffer(4));

let halves: Float32Array | undefined;

/** The value of every float16 (IEEE 754 binary16), made when it is first needed. */
function halfValues(): Float32Array {
  halves ??= Float32Array.from({ length: 0x10000 }, (_, word) => {
    const sign = word & 0x8000 ? -1 : 1;
    const exponent = (word >> 10) & 31;
    const fraction = (word & 1023) / 1024;
    if (exponent === 0) return sign * fraction * 2 ** -14;
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return sign * (1 + fraction) * 2 ** (exponent - 15);
  });
  return halves;
}
