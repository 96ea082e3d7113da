/** Entry of a decoding thread: reads pictures, cuts them out and writes them into shared batches. */
import { parentPort, workerData } from 'node:worker_threads';
import { cropWindow, type Draws, type Picture, type Transform } from '../augment/index.js';
import type { PictureLocation } from './dataset.js';
import { readPicture } from './decode.js';
import { type Reading, reasonOf } from './reading.js';
import { showPicture } from './show-picture.js';

/** What a thread is told once. */
export interface WorkerSetup {
  readonly transform: Transform;
  readonly channels: 1 | 3;
  readonly reading: Reading;
  /** The batches, each (N, size, size, channels) bytes. */
  readonly buffers: readonly SharedArrayBuffer[];
}

/** One picture for one slot of a batch. */
export interface DecodeItem {
  readonly slot: number;
  /** Where the picture lies, or the picture itself if it is in (shared) memory. */
  readonly source: PictureLocation | Picture;
  readonly draws: Draws;
}

/** A part of a batch. */
export interface DecodeTask {
  readonly id: number;
  readonly buffer: number;
  readonly items: readonly DecodeItem[];
  /** Send the decoded pictures back as well. */
  readonly keep: boolean;
}

export interface DecodeReply {
  readonly id: number;
  /** Slots that were left as they are, and why. */
  readonly failures: ReadonlyMap<number, string>;
  /** Pictures decoded from files by slot, in shared memory, if they were to be kept. */
  readonly pictures: ReadonlyMap<number, Picture>;
}

/** Pictures in work at a time: sharp decodes one in its thread pool while the next file is read. */
const LANES = 2;

const { transform, channels, reading, buffers } = workerData as WorkerSetup;
const port = parentPort;
let closing = false;

port?.on('message', async (task: DecodeTask | 'close') => {
  if (task === 'close') {
    closing = true;
    port.close();
    return;
  }
  port.postMessage(await decode(task));
});

async function decode({ id, buffer, items, keep }: DecodeTask): Promise<DecodeReply> {
  const failures = new Map<number, string>();
  const pictures = new Map<number, Picture>();
  const bytes = transform.size * transform.size * channels;
  let next = 0;
  async function lane() {
    for (let item = items[next++]; item !== undefined && !closing; item = items[next++]) {
      const { slot, source, draws } = item;
      try {
        const picture = 'data' in source ? source : await readPicture(source, reading);
        const target = new Uint8Array(buffers[buffer] as SharedArrayBuffer, slot * bytes, bytes);
        const window = cropWindow(transform, picture.width, picture.height, draws);
        showPicture(picture, window, transform.size, target, channels);
        if (keep && !('data' in source)) pictures.set(slot, picture);
      } catch (error) {
        failures.set(slot, reasonOf(error));
      }
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
  return { id, failures, pictures: pack(pictures) };
}

/** The same pictures in one piece of memory, which all threads see. */
function pack(pictures: Map<number, Picture>): Map<number, Picture> {
  let total = 0;
  for (const { data } of pictures.values()) total += data.length;
  const packed = new Uint8Array(new SharedArrayBuffer(total));
  let at = 0;
  for (const [slot, picture] of pictures) {
    packed.set(picture.data, at);
    const data = packed.subarray(at, at + picture.data.length);
    pictures.set(slot, { ...picture, data });
    at += data.length;
  }
  return pictures;
}
