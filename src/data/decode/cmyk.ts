/**
 * Pillow's conversion of the four inks of a JPEG to RGB, without colour profiles.
 * https://github.com/python-pillow/Pillow/blob/9.4.0/src/libImaging/Convert.c, cmyk2rgb
 */

/** RGB of (pixels, 4) inks, 255 for all of an ink. */
export function rgbFromCmyk(inks: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((inks.length / 4) * 3);
  for (let at = 0, out = 0; at < inks.length; at += 4) {
    const light = 255 - (inks[at + 3] as number);
    for (let ink = 0; ink < 3; ink++) {
      rgb[out++] = light - scaled(inks[at + ink] as number, light);
    }
  }
  return rgb;
}

/** a × b / 255, rounded, as Pillow's MULDIV255. */
function scaled(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}
