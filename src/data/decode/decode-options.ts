import { systemReason } from '../../system/system-errors.js';

/** Settings of decoding, in this thread or another. */
export interface DecodeOptions {
  /** Images of more pixels are refused by their header, before memory is taken for them. */
  readonly maxPixels: number;
  /** Turns images upright by their EXIF orientation. */
  readonly exifRotate: boolean;
}

/** Where Pillow raises a DecompressionBombError. */
export const MAX_PIXELS = 178_956_970;

/** As torchvision's loader reads images: Image.open(file).convert("RGB"). */
export const AS_PILLOW: DecodeOptions = { maxPixels: MAX_PIXELS, exifRotate: false };

/** The part of some settings that says how to read images. */
export function decodeOptionsOf({ maxPixels, exifRotate }: DecodeOptions): DecodeOptions {
  return { maxPixels, exifRotate };
}

/** Throws if an image has too many pixels. */
export function checkPixels(width: number, height: number, { maxPixels }: DecodeOptions): void {
  if (width * height <= maxPixels) return;
  throw new Error(
    `its ${width}×${height} pixels are more than the ${maxPixels} that --max-pixels allows`,
  );
}

/** Why an image could not be read: one line of at most 200 characters. */
export function reasonOf(error: unknown): string {
  return systemReason(error)
    .trim()
    .replaceAll(/\s*\n\s*/g, '; ')
    .slice(0, 200);
}
