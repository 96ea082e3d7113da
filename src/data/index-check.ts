/**
 * What a kept index must be like before it is believed: anybody may have written the file, and what
 * it says decides which files are read.
 */
import { z } from 'zod';
import { CODECS } from './dataset.js';
import type { ImageColumns, Place } from './image-table.js';

/** A path less the root: empty, or one that does not lead out of it. */
const below = z.string().refine((path) => {
  return path === '' || (/^[/:]/.test(path) && !path.includes('\0') && !leadsUp(path));
});
const count = z.int().min(0);

const pixels = z.strictObject({
  width: count.min(1),
  height: count.min(1),
  channels: z.union([z.literal(1), z.literal(3)]),
  order: z.enum(['planes', 'rows', 'columns']),
});
const block = z.strictObject({
  offset: count,
  length: count,
  codec: z.enum(CODECS),
  size: count,
});
const placeSchema = z.strictObject({
  path: below,
  inside: z.string().exactOptional(),
  pixels: pixels.exactOptional(),
  block: block.exactOptional(),
});

const partSchema = z.strictObject({
  path: below,
  places: z.array(placeSchema),
  images: count.min(1),
  nameBytes: count,
  inArchives: z.boolean(),
});

const texts = z.array(z.string());

export const headerSchema = z
  .strictObject({
    /** The directory or tar file as it was named when the index was made. */
    root: z.string(),
    sources: z.array(z.strictObject({ path: z.string(), modified: z.string() })),
    about: z.strictObject({
      layout: z.string(),
      classes: texts.min(1),
      words: texts,
      channels: z.union([z.literal(1), z.literal(3)]),
      fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
      warnings: texts,
      noVal: z.string(),
      strangers: texts,
    }),
    train: partSchema,
    val: partSchema.nullable(),
  })
  .refine(({ about: { classes, words } }) => words.length === classes.length)
  // An index that depends on nothing would stay valid whatever happens to the images.
  .refine(({ root, sources, train, val }) => {
    const known = new Set(sources.map(({ path }) => path));
    const places = [...train.places, ...(val?.places ?? [])];
    return known.has(root) && places.every(({ path }) => known.has(root + path));
  });

export type StoredHeader = z.infer<typeof headerSchema>;
export type StoredPart = z.infer<typeof partSchema>;

/** Whether the columns of a part are those of images in its places, with labels below `classes`. */
export function areSound(columns: ImageColumns, labels: Int32Array, classes: number): boolean {
  const { places, placeOf, names, nameStarts, offsets, sizes } = columns;
  const unusual = names.includes('/') || names.includes(0);
  if (nameStarts[0] !== 0 || nameStarts[labels.length] !== names.length) return false;
  for (let index = 0; index < labels.length; index++) {
    const label = labels[index] as number;
    const place = places[placeOf[index] as number];
    const start = nameStarts[index] as number;
    const end = nameStarts[index + 1] as number;
    const size = sizes[index] as number;
    if (label < 0 || label >= classes || place === undefined || start >= end) return false;
    if (!Number.isSafeInteger(size) || size < -1) return false;
    if (place.inside !== undefined) {
      const offset = offsets[index] ?? -1;
      if (!Number.isSafeInteger(offset) || offset < 0 || size < 0) return false;
      if (!holds(place, offset, size)) return false;
    } else if (unusual || end - start <= 2) {
      const name = names.toString('latin1', start, end);
      if (/[/\0]/.test(name) || name === '.' || name === '..') return false;
    }
  }
  return true;
}

/** Whether bytes are in the block of a place and as many as its pixels. */
function holds({ pixels, block }: Place, offset: number, size: number): boolean {
  if (block !== undefined && offset + size > block.size) return false;
  return pixels === undefined || size === pixels.width * pixels.height * pixels.channels;
}

function leadsUp(path: string): boolean {
  return path.split(/[/:]/).some((part) => part === '..');
}
