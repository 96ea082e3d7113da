import type { Window } from '../../augment/index.js';

/** The numbers of an image that the addon reads and writes: `JpegRecord` in native/jpeg/pool.h. */
export const RECORD_FIELDS = [
  'offset',
  'length',
  'width',
  'height',
  'left',
  'top',
  'boxWidth',
  'boxHeight',
  'clipped',
  'outLeft',
  'outTop',
  'outWidth',
  'outHeight',
  'slot',
  'firstOperation',
  'operations',
] as const;

type Field = (typeof RECORD_FIELDS)[number];

/** Empty records of some images, one after the other. */
export function createRecords(images: number): Float64Array {
  return new Float64Array(images * RECORD_FIELDS.length);
}

/** The record of one of them. */
export function recordAt(records: Float64Array, image: number): Float64Array {
  return records.subarray(image * RECORD_FIELDS.length, (image + 1) * RECORD_FIELDS.length);
}

/** Writes some of the numbers of a record. */
export function fillRecord(record: Float64Array, values: { readonly [F in Field]?: number }): void {
  for (const [index, field] of RECORD_FIELDS.entries()) {
    const value = values[field];
    if (value !== undefined) record[index] = value;
  }
}

const WIDTH = RECORD_FIELDS.indexOf('width');
const HEIGHT = RECORD_FIELDS.indexOf('height');

/**
 * Width and height of the image; undefined where the addon does not take it or finds it damaged.
 */
export function sizeIn(record: Float64Array): { width: number; height: number } | undefined {
  const [width, height] = [record[WIDTH] as number, record[HEIGHT] as number];
  return width === 0 ? undefined : { width, height };
}

/** Fills in the image's size and what of it is to be shown in which slot. */
export function placeWindow(
  record: Float64Array,
  { width, height }: { readonly width: number; readonly height: number },
  window: Window,
  slot = 0,
): void {
  const { width: boxWidth, height: boxHeight, clipped, ...places } = window;
  const box = { ...places, boxWidth, boxHeight, clipped: Number(clipped) };
  fillRecord(record, { width, height, ...box, slot });
}
