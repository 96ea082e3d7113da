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
