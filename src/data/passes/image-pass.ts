/**
 * One pass over many images on several threads. The thread runs a module that calls `serveImages`
 * with a function of a chunk.
 */
import { parentPort, type Worker } from 'node:worker_threads';
import { DataError, RunError } from '../../errors.js';
import type { ImageList, ImageLocation } from '../dataset.js';
import { PATIENCE_SECONDS } from '../decode/failure.js';
import { affordableThreads, startThread } from '../thread.js';

/** Images in a chunk; results are per chunk, so that they never depend on the number of threads. */
const CHUNK = 32;

/** Chunks that each thread holds: one that it works on and the next one. */
const IN_HAND = 2;

/** The result of a thread for consecutive images. */
export interface ChunkResult<R> {
  /** Index of the first one. */
  readonly first: number;
  readonly count: number;
  readonly result: R;
}

interface Task {
  readonly first: number;
  readonly locations: readonly ImageLocation[];
}

interface Reply<R> {
  readonly first: number;
  readonly result: R;
}

/** In place of the result of a chunk: the directory or archive of one of its images is gone. */
interface Gone {
  readonly first: number;
  readonly gone: string;
}

/** The directory or archive of an image is gone, for the reason of the message. */
export class PlaceGone extends Error {}

/** In a thread: answers each chunk with the result of `work`. */
export function serveImages<R>(work: (locations: readonly ImageLocation[]) => Promise<R>): void {
  const port = parentPort;
  port?.on('message', async (task: Task | 'close') => {
    if (task === 'close') {
      port.close();
      return;
    }
    const { first, locations } = task;
    try {
      port.postMessage({ first, result: await work(locations) });
    } catch (error) {
      if (!(error instanceof PlaceGone)) throw error;
      port.postMessage({ first, gone: error.message });
    }
  });
}

/**
 * Yields the results of all chunks in the order of the images, whichever thread was first. The
 * module finds `workerData` under that name.
 */
export async function* passOver<R>(
  images: ImageList,
  module: URL,
  workers: number,
  workerData?: unknown,
  chunk = CHUNK,
): AsyncGenerator<ChunkResult<R>> {
  const count = affordableThreads(workers);
  const threads = Array.from({ length: count }, () => new PassThread<R>(module, workerData));
  const ahead: Promise<Reply<R>>[] = [];
  let next = 0;
  try {
    for (let first = 0; first < images.length; first += chunk) {
      for (; next < images.length && ahead.length < count * IN_HAND; next += chunk) {
        const thread = threads[(next / chunk) % count] as PassThread<R>;
        const reply = thread.send({ first: next, locations: chunkOf(images, next, chunk) });
        // An error is thrown where the reply is awaited below.
        reply.catch(() => {});
        ahead.push(reply);
      }
      const { result } = await (ahead.shift() as Promise<Reply<R>>);
      yield { first, count: Math.min(chunk, images.length - first), result };
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.close()));
  }
}

function chunkOf(images: ImageList, first: number, chunk: number): ImageLocation[] {
  const count = Math.min(chunk, images.length - first);
  return Array.from({ length: count }, (_, index) => images.locate(first + index));
}

function goneText(reason: string): string {
  return `The images can no longer be read, nor what is beside them: ${reason}. ${PATIENCE_SECONDS} s of trying again did not help`;
}

interface Waiting<R> {
  resolve(reply: Reply<R>): void;
  reject(error: Error): void;
}

class PassThread<R> {
  readonly #worker: Worker;
  readonly #ended: Promise<unknown>;
  readonly #waiting = new Map<number, Waiting<R>>();
  #failure: Error | undefined;

  constructor(module: URL, workerData: unknown) {
    this.#worker = startThread(module, workerData);
    this.#ended = new Promise((done) => this.#worker.once('exit', done));
    this.#worker.on('message', (reply: Reply<R> | Gone) => {
      const waiting = this.#waiting.get(reply.first);
      this.#waiting.delete(reply.first);
      if ('gone' in reply) waiting?.reject(new DataError(goneText(reply.gone)));
      else waiting?.resolve(reply);
    });
    this.#worker.on('error', (cause) => this.#fail(`failed: ${cause}`, cause));
    this.#worker.on('exit', (code) => this.#fail(`ended unexpectedly with code ${code}.`));
  }

  send(task: Task): Promise<Reply<R>> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting.set(task.first, { resolve, reject });
      this.#worker.postMessage(task);
    });
  }

  /** Lets the thread end by itself: terminating one inside zlib or sharp aborts the process. */
  async close(): Promise<void> {
    this.#worker.postMessage('close');
    await this.#ended;
  }

  #fail(what: string, cause?: unknown): void {
    this.#failure ??= new RunError(`A decoding thread ${what}`, { cause });
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}
