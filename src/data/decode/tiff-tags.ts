/**
 * The tags of the first page of a TIFF that change how its pixels look and that libvips says
 * nothing of.
 * https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf
 */

export interface TiffTags {
  /** Levels of grey that count down from white. */
  readonly whiteIsZero: boolean;
  /** Colours of CIE L*a*b*. */
  readonly lab: boolean;
  /** Colours are multiplied by alpha. */
  readonly associatedAlpha: boolean;
  /** As in EXIF, 1 to 8. */
  readonly orientation: number;
}

const [PHOTOMETRIC, ORIENTATION, EXTRA_SAMPLES] = [262, 274, 338];
const [WHITE_IS_ZERO, LAB] = [0, 8];
const ASSOCIATED = 1;
const SHORT = 3;
/** Bytes of a value of each type. */
const VALUE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
/** The second word of a file with offsets of 8 bytes. */
const BIG_TIFF = 43;

/** Throws where the file ends before its tags do. */
export function readTiffTags(file: Buffer): TiffTags {
  const little = file[0] === 0x49;
  const number = (at: number, bytes: number) => {
    if (at + bytes > file.length) throw new Error('the file is truncated');
    if (bytes === 8) return Number(little ? file.readBigUInt64LE(at) : file.readBigUInt64BE(at));
    return little ? file.readUIntLE(at, bytes) : file.readUIntBE(at, bytes);
  };
  const big = number(2, 2) === BIG_TIFF;
  const word = big ? 8 : 4;
  const directory = number(big ? 8 : 4, word);
  const [countBytes, entryBytes] = big ? [8, 20] : [2, 12];
  const count = number(directory, countBytes);
  const values = new Map<number, number>();
  for (let entry = 0; entry < count; entry++) {
    const at = directory + countBytes + entry * entryBytes;
    // libvips makes an image without colours where the file ends before its palette does.
    const bytes = number(at + 4, word) * (VALUE_BYTES[number(at + 2, 2)] ?? 1);
    if (bytes > word && number(at + 4 + word, word) + bytes > file.length) {
      throw new Error('the file is truncated');
    }
    // The first value: those of these tags are short enough to be in the entry itself.
    if (number(at + 2, 2) === SHORT) values.set(number(at, 2), number(at + 4 + word, 2));
  }
  return {
    whiteIsZero: values.get(PHOTOMETRIC) === WHITE_IS_ZERO,
    lab: values.get(PHOTOMETRIC) === LAB,
    associatedAlpha: values.get(EXTRA_SAMPLES) === ASSOCIATED,
    orientation: values.get(ORIENTATION) ?? 1,
  };
}
