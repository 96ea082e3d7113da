import type { Image } from '../../augment/index.js';

/** Images seen before the size of the whole split is estimated. */
const SAMPLE = 64;
/** JavaScript's own memory for a kept image, approximately. */
const OVERHEAD_BYTES = 256;

/**
 * Decoded images of a split in memory, while the whole split is expected to fit. Once it looks too
 * large, all images are dropped and no more are kept.
 */
export class ImageCache {
  readonly #images = new Map<number, Image>();
  readonly #count: number;
  readonly #budgetBytes: number;
  #bytes = 0;
  #open: boolean;

  constructor(count: number, budgetBytes: number) {
    this.#count = count;
    this.#budgetBytes = budgetBytes;
    this.#open = budgetBytes > 0;
  }

  /** Images are still taken in. */
  get open(): boolean {
    return this.#open;
  }

  get(index: number): Image | undefined {
    return this.#images.get(index);
  }

  add(index: number, image: Image): void {
    if (!this.#open || this.#images.has(index)) return;
    this.#images.set(index, image);
    this.#bytes += image.data.length + OVERHEAD_BYTES;
    const seen = this.#images.size;
    const expected = seen < SAMPLE ? this.#bytes : (this.#bytes / seen) * this.#count;
    if (expected <= this.#budgetBytes) return;
    this.#open = false;
    this.#images.clear();
  }
}
