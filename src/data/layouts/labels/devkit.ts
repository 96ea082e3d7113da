/**
 * The devkit of ILSVRC: a file with one number for each validation image, in the order of their
 * names. The numbers are ids of the devkit, which are not in the order of the wnids: its meta.mat,
 * or a text file such as map_clsloc.txt (`n02119789 1 kit_fox`), says which is which.
 */
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { DataError } from '../../../errors.js';
import { linesOf } from '../../../system/text.js';
import { bytesSource } from '../byte-source.js';
import { list } from '../names.js';
import { look, type Opened, readText, readTextIfPossible } from '../opened.js';
import type { Survey } from '../survey.js';
import { type Member, readMembers } from '../tar/tar.js';
import type { Labelling } from './labelling.js';
import { readMat } from './mat.js';

const GROUND_TRUTH = /^ILSVRC20\d\d_(clsloc_)?validation_ground_truth\.txt$/;
const META = 'meta.mat';
const PACKED = /devkit.*\.(tar\.gz|tgz)$/i;
/** The most that a compressed devkit may take when it is unpacked. */
const MOST_BYTES = 1 << 28;
/** Longer files are no map of ids. */
const MOST_MAP_BYTES = 1 << 20;

/** The opened folders and the devkits in them, unpacked or as they were downloaded. */
export async function withDevkits(places: readonly Opened[], survey: Survey): Promise<Opened[]> {
  const found = [...places];
  for (const place of places) {
    for (const folder of place.contents.folders) {
      if (/devkit/i.test(folder.name)) await survey.attempt(() => addFolder(folder, found));
    }
    for (const name of place.contents.files) {
      if (!PACKED.test(name)) continue;
      const packed = await survey.attempt(() => openPacked(place, name));
      if (packed !== undefined) found.push(packed);
    }
  }
  return found;
}

/** The folder, and the folders `devkit` and `data` in it. */
async function addFolder(folder: Opened['contents']['folders'][number], found: Opened[]) {
  const opened = await look(folder);
  found.push(opened);
  for (const below of opened.contents.folders) {
    if (below.name === 'data' || below.name === 'devkit') await addFolder(below, found);
  }
}

async function openPacked(place: Opened, name: string): Promise<Opened> {
  const path = `${place.path}/${name}`;
  const bytes = unpack(place.contents.read(name), path);
  const members = await readMembers(bytesSource(bytes), path);
  const byName = new Map(members.map((member) => [member.path.split('/').at(-1) ?? '', member]));
  const member = (file: string) => byName.get(file) as Member;
  return {
    path,
    contents: {
      folders: [],
      files: [...byName.keys()],
      entry: (file) => ({ ...member(file), name: file }),
      read: (file, most) => {
        const { offset, size } = member(file);
        return bytes.subarray(offset, offset + Math.min(size, most ?? size));
      },
    },
  };
}

/** Some programs unpack what they download and leave the name as it is. */
function unpack(file: Buffer, path: string): Buffer {
  if (!isGzip(file)) return file;
  try {
    return gunzipSync(file, { maxOutputLength: MOST_BYTES });
  } catch (cause) {
    throw new DataError(
      `Cannot unpack ${path}: ${(cause as Error).message}. Compare its size and checksum with the original.`,
      { cause },
    );
  }
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The classes of the images by a ground truth in one of the folders, if there is one. */
export function findGroundTruth(
  places: readonly Opened[],
  images: readonly string[],
): Labelling | undefined {
  for (const place of places) {
    const name = place.contents.files.find((file) => GROUND_TRUTH.test(file));
    if (name === undefined) continue;
    const file = `${place.path}/${name}`;
    const ids = linesOf(readText(place, name)).map((line, index) => idOf(line, index + 1, file));
    const wnids = idMap([place, ...places], file);
    const numberOf = imagesByNumber(images, ids.length, file);
    return {
      file,
      classOf(image) {
        const number = numberOf(image);
        const id = ids[number - 1] ?? Number.NaN;
        const wnid = wnids.get(id);
        if (wnid !== undefined) return wnid;
        throw new DataError(
          `Line ${number} of ${file} has the id ${id}, which is none of the ${wnids.size} ids of the devkit.`,
        );
      },
    };
  }
  return undefined;
}

function idOf(line: string, number: number, file: string): number {
  if (/^\d+$/.test(line)) return Number(line);
  throw new DataError(`Expected line ${number} of ${file} to be a number but it is "${line}".`);
}

/** The line of each image: by the number in its name, else by its place among the images. */
function imagesByNumber(images: readonly string[], lines: number, file: string) {
  const numberIn = (name: string) => Number(/_(\d+)\.[^.]+$/.exec(name)?.[1] ?? Number.NaN);
  const numbers = new Set(images.map(numberIn));
  const fits = [...numbers].every((number) => number >= 1 && number <= lines);
  if (fits && numbers.size === images.length) return numberIn;
  if (images.length !== lines) {
    throw new DataError(
      `${file} has ${lines} lines for ${images.length} images that are not numbered as ILSVRC2012_val_00000001.JPEG is: expected one line for each.`,
    );
  }
  const places = new Map(images.map((name, index) => [name, index + 1]));
  return (name: string) => places.get(name) ?? Number.NaN;
}

function idMap(places: readonly Opened[], groundTruth: string): Map<number, string> {
  for (const place of places) {
    const synsets = readMeta(place);
    if (synsets !== undefined) return new Map(synsets.map(({ id, wnid }) => [id, wnid]));
  }
  for (const place of places) {
    for (const name of place.contents.files) {
      const map = name.endsWith('.txt') ? textMap(place, name) : undefined;
      if (map !== undefined) return map;
    }
  }
  throw new DataError(
    `${groundTruth} has ids of ILSVRC's devkit but nothing says which class an id is: expected the devkit's meta.mat or map_clsloc.txt beside it.`,
  );
}

/** Lines of a wnid and its id, in either order; undefined if the file is another one. */
function textMap(place: Opened, name: string): Map<number, string> | undefined {
  const text = readTextIfPossible(place, name, MOST_MAP_BYTES);
  if (text === undefined) return undefined;
  const lines = linesOf(text);
  const pairs = lines.map((line) => {
    const [, wnid, id] = /^(n\d{8})[\s,]+(\d+)\b/.exec(line) ?? [];
    const [, idFirst, wnidSecond] = /^(\d+)[\s,]+(n\d{8})\b/.exec(line) ?? [];
    return [Number(id ?? idFirst), wnid ?? wnidSecond] as const;
  });
  const map = new Map<number, string>();
  for (const [id, wnid] of pairs) if (wnid !== undefined) map.set(id, wnid);
  return map.size > 0 && map.size === lines.length ? map : undefined;
}

/** A row of meta.mat. */
export interface Synset {
  readonly id: number;
  readonly wnid: string;
  readonly words: string;
}

const metaSchema = z.object({
  synsets: z.array(
    z.looseObject({
      ILSVRC2012_ID: z.tuple([z.int()]),
      WNID: z.string(),
      words: z.string(),
    }),
  ),
});

/** The synsets of a devkit's meta.mat, if there is one in the folder. */
export function readMeta(place: Opened): Synset[] | undefined {
  if (!place.contents.files.includes(META)) return undefined;
  const file = `${place.path}/${META}`;
  try {
    const { synsets } = metaSchema.parse(readMat(place.contents.read(META)));
    return synsets.map(({ ILSVRC2012_ID: [id], WNID: wnid, words }) => ({ id, wnid, words }));
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    const reason = cause instanceof z.ZodError ? list(fieldsOf(cause)) : (cause as Error).message;
    throw new DataError(`${file} is not the meta.mat of ILSVRC's devkit: ${reason}.`, { cause });
  }
}

function fieldsOf(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}
