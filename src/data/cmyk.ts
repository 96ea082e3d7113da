/**
 * Pillow's way from the four inks of a JPEG to RGB, which knows no colour profiles.
 * https://github.com/python-pillow/Pillow/blob/9.4.0/src/libImaging/Convert.c, cmyk2rgb
 */

/** RGB of (pixels, 4) inks, 255 for all of an ink; `inverted`: 0 for all of it, as in Adobe's files. */
export function rgbFromCmyk(inks: Uint8Array, inverted: boolean): Uint8Array {
  const flip = inverted ? 255 : 0;
  const rgb = new Uint8Array((inks.length / 4) * 3);
  for (let at = 0, out = 0; at < inks.length; at += 4) {
    const light = 255 - ((inks[at + 3] as number) ^ flip);
    for (let ink = 0; ink < 3; ink++) {
      rgb[out++] = light - scaled((inks[at + ink] as number) ^ flip, light);
    }
  }
  return rgb;
}

/** a × b / 255, rounded, as Pillow's MULDIV255. */
function scaled(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

const APP14 = 0xee;
const START_OF_SCAN = 0xda;

/** Whether a JPEG has Adobe's marker. */
export function hasAdobeMarker(jpeg: Buffer): boolean {
  for (let at = 2; at + 4 <= jpeg.length && jpeg[at] === 0xff; ) {
    const marker = jpeg[at + 1];
    if (marker === START_OF_SCAN) return false;
    if (marker === APP14 && jpeg.toString('latin1', at + 4, at + 9) === 'Adobe') return true;
    // Any number of bytes of 255 may stand before a marker.
    at += marker === 0xff ? 1 : 2 + jpeg.readUInt16BE(at + 2);
  }
  return false;
}
