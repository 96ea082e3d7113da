import type { Box } from '../../augment/index.js';

interface BatchShape {
  readonly batchSize: number;
  /** Side of an image in pixels. */
  readonly size: number;
  readonly channels: 1 | 3;
}

/** Memory of one batch. */
export class Buffers {
  readonly images: Uint8Array;
  readonly labels: Int32Array;
  readonly mirror: Uint8Array;
  readonly offsets: Float32Array;
  /** Rows of left, top, right and bottom; all 0 where nothing is erased. */
  readonly erased: Int32Array;
  readonly #imageBytes: number;

  constructor(
    readonly id: number,
    shared: SharedArrayBuffer,
    { batchSize, channels }: BatchShape,
  ) {
    this.images = new Uint8Array(shared);
    this.labels = new Int32Array(batchSize);
    this.mirror = new Uint8Array(batchSize);
    this.offsets = new Float32Array(batchSize * channels);
    this.erased = new Int32Array(batchSize * 4);
    this.#imageBytes = shared.byteLength / batchSize;
  }

  /** The bytes of one image. */
  slot(slot: number): Uint8Array {
    return this.images.subarray(slot * this.#imageBytes, (slot + 1) * this.#imageBytes);
  }

  /** Sets what is added to each channel of a slot; grey images keep their level. */
  move(slot: number, offset: readonly number[]): void {
    const channels = this.offsets.length / this.labels.length;
    for (let channel = 0; channel < channels; channel++) {
      this.offsets[slot * channels + channel] = channels === 1 ? 0 : (offset[channel] ?? 0);
    }
  }

  /** Sets what of a slot is erased. */
  erase(slot: number, box?: Box): void {
    const { left, top, right, bottom } = box ?? { left: 0, top: 0, right: 0, bottom: 0 };
    this.erased.set([left, top, right, bottom], 4 * slot);
  }

  /** Marks a slot as empty: zeros and label -1. */
  clear(slot: number): void {
    this.slot(slot).fill(0);
    this.labels[slot] = -1;
    this.mirror[slot] = 0;
    this.move(slot, []);
    this.erase(slot);
  }
}

/** A few batches of memory that circulate. Decoding threads share the memory of their images. */
export class BatchBuffers {
  readonly shared: readonly SharedArrayBuffer[];
  readonly #free: Buffers[];
  readonly #waiting: ((buffers: Buffers) => void)[] = [];

  constructor(count: number, shape: BatchShape) {
    const bytes = shape.batchSize * shape.size ** 2 * shape.channels;
    this.shared = Array.from({ length: count }, () => new SharedArrayBuffer(bytes));
    this.#free = this.shared.map((shared, id) => new Buffers(id, shared, shape));
  }

  /** A free buffer, as soon as there is one. */
  async acquire(): Promise<Buffers> {
    const buffers = this.#free.shift();
    if (buffers !== undefined) return buffers;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** A function that gives a buffer back the first time it is called. */
  releaser(buffers: Buffers): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(buffers);
      else next(buffers);
    };
  }
}
