/** Entry of a decoding thread: reads images, crops them and writes them into shared batches. */
import { parentPort, workerData } from 'node:worker_threads';
import { cropWindow, type Draws, type Image, type Transform } from '../../augment/index.js';
import type { ImageLocation } from '../dataset.js';
import { readImage } from '../decode/decode.js';
import type { DecodeOptions } from '../decode/decode-options.js';
import { type Failure, failureOf } from '../decode/failure.js';
import { augmentPixels } from './augment-pixels.js';
import { showImage } from './show-image.js';

/** What a thread receives at its start. */
export interface WorkerSetup {
  readonly transform: Transform;
  readonly channels: 1 | 3;
  readonly reading: DecodeOptions;
  /** The batches, each (N, size, size, channels) bytes. */
  readonly buffers: readonly SharedArrayBuffer[];
}

/** One image for one slot of a batch. */
export interface DecodeItem {
  readonly slot: number;
  /** The place of the image on the disk, or the image itself if it is in (shared) memory. */
  readonly source: ImageLocation | Image;
  readonly draws: Draws;
}

/** A part of a batch. */
export interface DecodeTask {
  readonly id: number;
  readonly buffer: number;
  readonly items: readonly DecodeItem[];
  /** Send the decoded images back as well. */
  readonly keep: boolean;
}

export interface DecodeReply {
  readonly id: number;
  /** Slots that were not filled, and why. */
  readonly failures: ReadonlyMap<number, Failure>;
  /** Images decoded from files by slot, in shared memory, if they were to be kept. */
  readonly images: ReadonlyMap<number, Image>;
}

/** Images processed at a time: sharp decodes one in its thread pool while the next file is read. */
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
  const failures = new Map<number, Failure>();
  const images = new Map<number, Image>();
  const bytes = transform.size * transform.size * channels;
  let next = 0;
  async function lane() {
    for (let item = items[next++]; item !== undefined && !closing; item = items[next++]) {
      const { slot, source, draws } = item;
      try {
        const image = 'data' in source ? source : await readImage(source, reading);
        const target = new Uint8Array(buffers[buffer] as SharedArrayBuffer, slot * bytes, bytes);
        const window = cropWindow(transform, image.width, image.height, draws);
        showImage(image, window, transform.size, target, channels);
        augmentPixels(target, transform.size, channels, draws.operations);
        if (keep && !('data' in source)) images.set(slot, image);
      } catch (error) {
        failures.set(slot, failureOf(error));
      }
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
  return { id, failures, images: pack(images) };
}

/** The same images in one piece of memory, which all threads see. */
function pack(images: Map<number, Image>): Map<number, Image> {
  let total = 0;
  for (const { data } of images.values()) total += data.length;
  const packed = new Uint8Array(new SharedArrayBuffer(total));
  let at = 0;
  for (const [slot, image] of images) {
    packed.set(image.data, at);
    const data = packed.subarray(at, at + image.data.length);
    images.set(slot, { ...image, data });
    at += data.length;
  }
  return images;
}
