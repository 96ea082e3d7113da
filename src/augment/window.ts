import type { Draws } from './draws.js';
import { roundHalfEven } from './round.js';
import { INCEPTION_AREA, INCEPTION_ASPECT, type Transform } from './transform.js';

/**
 * A box of the decoded image and the rectangle of the size × size slot to which it is resampled
 * (bilinear with antialias). The rest of the slot is zero.
 */
export interface Window {
  /** The box in pixels of the decoded image; may be fractional. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /**
   * Which pixels contribute near the border of the box: those of the box alone (crop, then resize),
   * or also those of the image around it (resize, then crop).
   */
  readonly clipped: boolean;
  /** The rectangle of the slot, whole pixels. */
  readonly outLeft: number;
  readonly outTop: number;
  readonly outWidth: number;
  readonly outHeight: number;
}

/** The window of an image of width × height pixels, given the random choices. */
export function cropWindow(
  transform: Transform,
  width: number,
  height: number,
  draws: Draws,
): Window {
  return transform.crop === 'area'
    ? areaWindow(transform, width, height, draws)
    : resizedWindow(transform, width, height, draws);
}

/**
 * Width and height after the short side is resized to `short`. The long side is rounded down, as
 * torchvision.transforms.Resize does.
 */
export function resizedSize(
  width: number,
  height: number,
  short: number,
): { width: number; height: number } {
  return width <= height
    ? { width: short, height: Math.floor((short * height) / width) }
    : { width: Math.floor((short * width) / height), height: short };
}

/** The window of a crop of size × size from the image resized to its short side. */
function resizedWindow(
  { resize, crop, size, pad }: Transform,
  width: number,
  height: number,
  { x, y, short }: Draws,
): Window {
  const side =
    typeof resize === 'number'
      ? resize
      : resize[0] + Math.floor(short * (resize[1] - resize[0] + 1));
  const resized = resizedSize(width, height, side);
  const place = (length: number, draw: number) =>
    crop === 'centre'
      ? roundHalfEven((length - size) / 2)
      : Math.floor(draw * (length + 2 * pad - size + 1)) - pad;
  const across = overlap(place(resized.width, x), resized.width, size);
  const down = overlap(place(resized.height, y), resized.height, size);
  return {
    left: (across.from * width) / resized.width,
    top: (down.from * height) / resized.height,
    width: (across.count * width) / resized.width,
    height: (down.count * height) / resized.height,
    clipped: false,
    outLeft: across.to,
    outTop: down.to,
    outWidth: across.count,
    outHeight: down.count,
  };
}

/** The part of a crop [start, start + size) inside [0, length), and its position in the crop. */
function overlap(start: number, length: number, size: number) {
  const from = Math.max(0, start);
  return { from, to: from - start, count: Math.min(length, start + size) - from };
}

/**
 * A box of random area and aspect: Szegedy et al., 2014, section 6. As torchvision's
 * RandomResizedCrop, the first of ten tries that fits, else the largest centre box that keeps the
 * bounds of the aspect.
 */
function areaWindow(
  { size, area = INCEPTION_AREA, aspect = INCEPTION_ASPECT }: Transform,
  width: number,
  height: number,
  { x, y, tries }: Draws,
): Window {
  const logs = [Math.log(aspect[0]), Math.log(aspect[1])] as const;
  for (const [share, shape] of tries) {
    const pixels = width * height * between(area, share);
    const ratio = Math.exp(between(logs, shape));
    const across = roundHalfEven(Math.sqrt(pixels * ratio));
    const down = roundHalfEven(Math.sqrt(pixels / ratio));
    if (across < 1 || down < 1 || across > width || down > height) continue;
    const left = Math.floor(x * (width - across + 1));
    const top = Math.floor(y * (height - down + 1));
    return wholeSlot({ left, top, width: across, height: down }, size);
  }
  const ratio = Math.min(Math.max(width / height, aspect[0]), aspect[1]);
  const across = Math.max(1, Math.min(width, roundHalfEven(height * ratio)));
  const down = Math.max(1, Math.min(height, roundHalfEven(width / ratio)));
  const left = Math.floor((width - across) / 2);
  const top = Math.floor((height - down) / 2);
  return wholeSlot({ left, top, width: across, height: down }, size);
}

function wholeSlot(box: Pick<Window, 'left' | 'top' | 'width' | 'height'>, size: number): Window {
  return { ...box, clipped: true, outLeft: 0, outTop: 0, outWidth: size, outHeight: size };
}

function between([least, most]: readonly [number, number], draw: number): number {
  return least + (most - least) * draw;
}
