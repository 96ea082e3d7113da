import type { Worker } from 'node:worker_threads';
import { RunError } from '../../errors.js';
import { startThread } from '../thread.js';
import type { DecodeItem, DecodeReply, DecodeTask, WorkerSetup } from './decode-worker.js';

const WORKER = new URL('./decode-worker.js', import.meta.url);

interface Waiting {
  resolve(reply: DecodeReply): void;
  reject(error: Error): void;
}

/**
 * The decoding threads of a loader, which start with the first task. They keep the process alive
 * only while they have work.
 */
export class DecodePool {
  readonly #count: number;
  readonly #setup: WorkerSetup;
  readonly #workers: Worker[] = [];
  readonly #waiting: Map<number, Waiting>[] = [];
  readonly #ended: Promise<unknown>[] = [];
  #failure: Error | undefined;
  #tasks = 0;

  constructor(count: number, setup: WorkerSetup) {
    this.#count = count;
    this.#setup = setup;
  }

  /** Decodes a part of a batch on each thread; resolves when all are in their slots. */
  async decode(
    buffer: number,
    items: readonly DecodeItem[],
    keep: boolean,
  ): Promise<DecodeReply[]> {
    if (this.#failure !== undefined) throw this.#failure;
    while (this.#workers.length < this.#count) this.#workers.push(this.#start());
    const share = Math.ceil(items.length / this.#workers.length);
    const replies: Promise<DecodeReply>[] = [];
    for (let from = 0; from < items.length; from += share) {
      const id = this.#tasks++;
      replies.push(this.#send({ id, buffer, items: items.slice(from, from + share), keep }));
    }
    // All of them, so that no thread still writes to the buffer after a failure.
    const settled = await Promise.allSettled(replies);
    return settled.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  }

  /**
   * Ends the threads; pending requests fail with a RunError. Each thread ends by itself after the
   * images that it works on: terminating one inside zlib or sharp aborts the process.
   */
  async close(): Promise<void> {
    this.#fail(new RunError('The batch loader was closed while batches were being decoded.'));
    for (const worker of this.#workers) {
      worker.ref();
      worker.postMessage('close');
    }
    await Promise.all(this.#ended);
  }

  #send(task: DecodeTask): Promise<DecodeReply> {
    const turn = task.id % this.#workers.length;
    const worker = this.#workers[turn] as Worker;
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting[turn]?.set(task.id, { resolve, reject });
      worker.ref();
      worker.postMessage(task);
    });
  }

  #start(): Worker {
    const worker = startThread(WORKER, this.#setup);
    this.#ended.push(new Promise((done) => worker.once('exit', done)));
    const waiting = new Map<number, Waiting>();
    this.#waiting.push(waiting);
    worker.unref();
    worker.on('message', (reply: DecodeReply) => {
      waiting.get(reply.id)?.resolve(reply);
      waiting.delete(reply.id);
      // Once it is closed, its end is waited for.
      if (waiting.size === 0 && this.#failure === undefined) worker.unref();
    });
    worker.on('error', (cause) => {
      this.#fail(new RunError(`A decoding thread failed: ${cause}`, { cause }));
    });
    worker.on('exit', (code) => {
      this.#fail(new RunError(`A decoding thread ended unexpectedly with code ${code}.`));
    });
    return worker;
  }

  #fail(failure: Error): void {
    this.#failure ??= failure;
    for (const waiting of this.#waiting) {
      for (const { reject } of waiting.values()) reject(this.#failure);
      waiting.clear();
    }
  }
}
