/** The indices of a bitmap of 4 or 8 bits that is compressed by run lengths. */

const [END_OF_LINE, END_OF_BITMAP, DELTA] = [0, 1, 2];

/**
 * (height, width) in the order of the file. Throws where there are fewer. A run ends with its row,
 * as in Pillow, whose 9.4 loses its place after a delta and after an odd number of verbatim pixels
 * of 4 bits.
 */
export function decodeRunLengths(
  file: Buffer,
  from: number,
  width: number,
  height: number,
  fourBits: boolean,
): Uint8Array {
  const indices = new Uint8Array(width * height);
  let at = from;
  let filled = 0;
  let x = 0;
  const put = (index: number) => {
    // Beyond the end nothing is kept.
    indices[filled++] = index;
  };
  const byte = () => {
    const value = file[at++];
    if (value === undefined) throw new Error('the file is truncated');
    return value;
  };
  while (filled < indices.length) {
    const count = byte();
    const value = byte();
    if (count > 0) {
      const run = Math.min(count, Math.max(0, width - x));
      for (let i = 0; i < run; i++) put(fourBits ? (i % 2 === 0 ? value >> 4 : value & 15) : value);
      x += run;
    } else if (value === END_OF_LINE) {
      filled = Math.ceil(filled / width) * width;
      x = 0;
    } else if (value === END_OF_BITMAP) {
      throw new Error('the image data ends early');
    } else if (value === DELTA) {
      filled += byte();
      filled += byte() * width;
      x = filled % width;
    } else {
      const start = at;
      for (let i = 0; i < value; i++) {
        if (!fourBits) put(byte());
        else put(i % 2 === 0 ? byte() >> 4 : (file[at - 1] as number) & 15);
      }
      x += value;
      // Verbatim pixels take a whole number of two bytes.
      at += (at - start) % 2;
    }
  }
  return indices;
}
