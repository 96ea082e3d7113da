/**
 * Packs a dataset into shards of small JPEGs. They are made in `OUT.partial`, which becomes `OUT`
 * when it is complete; an interrupted run is continued.
 */
import { existsSync, readdirSync } from 'node:fs';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { DataError, UsageError } from '../../errors.js';
import { withFormerNames } from '../../former-names.js';
import { type Claim, claimDirectory } from '../../system/claim.js';
import {
  makeDirectories,
  removeTemporaries,
  syncDirectory,
  writeAtomically,
} from '../../system/files.js';
import { cannotWrite, cureFor, isSystemError, systemReason } from '../../system/system-errors.js';
import type { ImageList } from '../dataset.js';
import type { DatasetIndex, IndexedSplit } from '../indexed-dataset.js';
import { strangersProblem } from '../selection.js';
import { passOver } from './image-pass.js';
import type { ChunkJpegs, PackForm } from './pack-worker.js';
import { type ShardSample, writeShard } from './shard-writer.js';

const WORKER = new URL('./pack-worker.js', import.meta.url);

export interface PackOptions extends PackForm {
  readonly workers: number;
  /** Whether an image that cannot be read is left out or ends the packing. */
  readonly onBadImage: 'skip' | 'fail';
  /** Images of the dataset for each shard. */
  readonly perShard?: number;
  /** Images that are done, those of an earlier start included. */
  readonly onProgress: (images: number) => void;
}

export interface Packed {
  readonly images: number;
  readonly shards: number;
  readonly bytes: number;
  /** Images that could not be read, by name, with the reason. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** About 100 MB of ImageNet. */
const PER_SHARD = 5000;
const PARTS = ['train', 'val'] as const;
const KEY_DIGITS = 8;

/**
 * The progress of a part and the index of its shards. The first fields are those that webdataset's
 * wids reads for random access over all shards.
 */
const stateSchema = z.object({
  wids_version: z.literal(1),
  name: z.string(),
  shardlist: z.array(z.object({ url: z.string(), nsamples: z.int(), filesize: z.int() })),
  /** Images of the dataset that are in these shards or left out. */
  packed: z.int(),
  unreadable: z.array(
    withFormerNames(z.object({ image: z.string(), reason: z.string() }), { image: 'picture' }),
  ),
});
type PartState = z.infer<typeof stateSchema>;

/** Packs both parts. Throws a UsageError if `out` is taken or was begun in another way. */
export async function packDataset(
  index: DatasetIndex,
  out: string,
  options: PackOptions,
): Promise<Packed> {
  if (index.strangers.length > 0) throw new DataError(strangersProblem(index));
  const target = resolve(out);
  const partial = `${target}.partial`;
  let claim: Claim | undefined;
  try {
    checkFree(target);
    await makeDirectories(partial);
    claim = await claimDirectory(partial);
    if (claim === undefined) {
      throw new UsageError(`Another cnn data pack works in ${partial}: choose another --out`);
    }
    // Another one may have been done in the meantime.
    checkFree(target);
    await removeTemporaries(partial);
    await openPlan(index, partial, options);
    return await packParts(index, partial, target, options).catch((error) => {
      const cure = isSystemError(error) ? cureFor(error) : '';
      const next = `${cure}, then the same command packs the rest`;
      throw cannotWrite(out, error, `What is packed is kept in ${partial}. ${next}`);
    });
  } catch (error) {
    throw cannotWrite(out, error, 'Choose another --out');
  } finally {
    await claim?.release();
  }
}

async function packParts(
  index: DatasetIndex,
  partial: string,
  target: string,
  options: PackOptions,
): Promise<Packed> {
  const states: PartState[] = [];
  let before = 0;
  for (const part of PARTS) {
    const split = index[part];
    if (split === undefined) continue;
    const state = await readState(partial, part, index.name);
    const onProgress = (images: number) => options.onProgress(before + images);
    states.push(await packPart({ part, split, state }, partial, { ...options, onProgress }));
    before += split.images.length;
  }
  const shards = states.flatMap(({ shardlist }) => shardlist);
  const images = shards.reduce((sum, { nsamples }) => sum + nsamples, 0);
  await rename(partial, target);
  await syncDirectory(dirname(target));
  return {
    images,
    shards: shards.length,
    bytes: shards.reduce((sum, { filesize }) => sum + filesize, 0),
    unreadable: new Map(
      states.flatMap(({ unreadable }) =>
        unreadable.map(({ image, reason }) => [image, reason] as const),
      ),
    ),
  };
}

function checkFree(out: string): void {
  if (!existsSync(out) || readdirSync(out).length === 0) return;
  throw new UsageError(`${out} exists already: choose another --out, or delete it`);
}

/** Writes which classes there are and how they are packed, or checks that it was begun so. */
async function openPlan(
  { root, fingerprint, classes, words }: DatasetIndex,
  partial: string,
  { reading, size, quality, perShard = PER_SHARD }: PackOptions,
): Promise<void> {
  const plan = join(partial, 'pack.json');
  const wanted = { root, fingerprint, size, quality, ...reading, perShard };
  if (!existsSync(plan)) {
    await writeAtomically(join(partial, 'classes.txt'), `${classes.join('\n')}\n`);
    const lines = classes.map((name, label) => `${name}\t${words[label]}\n`);
    const known = lines.filter((_, label) => words[label] !== '');
    if (known.length > 0) await writeAtomically(join(partial, 'words.txt'), known.join(''));
    await writeAtomically(plan, `${JSON.stringify(wanted, undefined, 2)}\n`);
    return;
  }
  if (isDeepStrictEqual(parsed(await readFile(plan, 'utf8')), wanted)) return;
  throw new UsageError(
    `${partial} was begun with other images or settings: give those that its pack.json names, choose another --out, or delete it`,
  );
}

/** The value of a JSON text; undefined if it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readState(partial: string, part: string, name: string): Promise<PartState> {
  const file = join(partial, `${part}.json`);
  if (!existsSync(file)) {
    return { wids_version: 1, name: `${name}-${part}`, shardlist: [], packed: 0, unreadable: [] };
  }
  try {
    const state = stateSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    for (const { url, filesize } of state.shardlist) {
      const { size } = await stat(join(partial, url));
      if (size !== filesize) throw new Error(`${url} has ${size} bytes, not ${filesize}`);
    }
    return state;
  } catch (cause) {
    const reason = systemReason(cause);
    throw new DataError(`${partial} is damaged: ${reason}. Delete it and start again.`, { cause });
  }
}

interface Part {
  readonly part: (typeof PARTS)[number];
  readonly split: IndexedSplit;
  readonly state: PartState;
}

/** Writes the missing shards of a part; returns the final state. */
async function packPart(
  { part, split, state: begun }: Part,
  partial: string,
  options: PackOptions,
): Promise<PartState> {
  const { perShard = PER_SHARD, onProgress, workers, reading, size, quality } = options;
  const { length } = split.images;
  const rest = listFrom(split.images, begun.packed);
  const form: PackForm = { reading, size, quality };
  const jpegs = flatten(passOver<ChunkJpegs>(rest, WORKER, workers, form));
  let state = begun;
  try {
    while (state.packed < length) {
      const first = state.packed;
      const end = Math.min(first + perShard, length);
      const unreadable = [...state.unreadable];
      async function* samples(): AsyncGenerator<ShardSample> {
        for (let at = first; at < end; at++) {
          const jpeg = (await jpegs.next()).value as Uint8Array | string;
          onProgress(at + 1);
          if (typeof jpeg === 'string') {
            const image = split.images.name(at);
            if (options.onBadImage === 'fail') throw badImage(image, jpeg);
            unreadable.push({ image, reason: jpeg });
          } else {
            const key = String(at).padStart(KEY_DIGITS, '0');
            yield { key, jpeg, label: split.labels[at] as number };
          }
        }
      }
      const name = `${part}-${String(state.shardlist.length).padStart(6, '0')}`;
      const written = await writeShard(join(partial, name), samples());
      state = { ...state, packed: end, unreadable };
      state = await withShard(state, name, written, partial);
      await writeAtomically(
        join(partial, `${part}.json`),
        `${JSON.stringify(state, undefined, 1)}\n`,
      );
    }
  } finally {
    await jpegs.return();
  }
  onProgress(length);
  if (state.shardlist.length > 0) return state;
  const [bad] = state.unreadable;
  throw new DataError(
    `None of the images in ${split.path} can be read: ${bad?.image}: ${bad?.reason}`,
  );
}

/** A shard without samples is not written. */
async function withShard(
  state: PartState,
  name: string,
  { samples, bytes }: { readonly samples: number; readonly bytes: number },
  partial: string,
): Promise<PartState> {
  if (samples === 0) {
    for (const ending of ['tar', 'idx']) await rm(join(partial, `${name}.${ending}`));
    return state;
  }
  const shard = { url: `${name}.tar`, nsamples: samples, filesize: bytes };
  return { ...state, shardlist: [...state.shardlist, shard] };
}

function badImage(image: string, reason: string): DataError {
  return new DataError(
    `Cannot read the image ${image}: ${reason}. Repair or remove it, or leave out such images with --on-bad-image skip; what is packed is kept.`,
  );
}

function listFrom(images: ImageList, first: number): ImageList {
  return {
    length: images.length - first,
    name: (index) => images.name(first + index),
    locate: (index) => images.locate(first + index),
  };
}

async function* flatten<T>(chunks: AsyncIterable<{ readonly result: readonly T[] }>) {
  for await (const { result } of chunks) yield* result;
}
