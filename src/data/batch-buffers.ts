/** Memory of one batch. */
export class Buffers {
  readonly images: Uint8Array;
  readonly labels: Int32Array;
  readonly mirror: Uint8Array;
  readonly #pictureBytes: number;

  constructor(
    readonly id: number,
    shared: SharedArrayBuffer,
    batchSize: number,
  ) {
    this.images = new Uint8Array(shared);
    this.labels = new Int32Array(batchSize);
    this.mirror = new Uint8Array(batchSize);
    this.#pictureBytes = shared.byteLength / batchSize;
  }

  /** The bytes of one picture. */
  slot(slot: number): Uint8Array {
    return this.images.subarray(slot * this.#pictureBytes, (slot + 1) * this.#pictureBytes);
  }

  /** Makes a slot count as no picture. */
  clear(slot: number): void {
    this.slot(slot).fill(0);
    this.labels[slot] = -1;
    this.mirror[slot] = 0;
  }
}

/** A few batches of memory that go round. Their images are shared with the decoding threads. */
export class BatchBuffers {
  readonly shared: readonly SharedArrayBuffer[];
  readonly #free: Buffers[];
  readonly #waiting: ((buffers: Buffers) => void)[] = [];

  constructor(count: number, batchSize: number, pictureBytes: number) {
    const bytes = batchSize * pictureBytes;
    this.shared = Array.from({ length: count }, () => new SharedArrayBuffer(bytes));
    this.#free = this.shared.map((shared, id) => new Buffers(id, shared, batchSize));
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
