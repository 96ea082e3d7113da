import type { Picture } from '../augment/index.js';

/** Pictures seen before the size of the whole split is judged. */
const SAMPLE = 64;
/** JavaScript's own share of a kept picture, about. */
const OVERHEAD_BYTES = 256;

/**
 * Decoded pictures of a split in memory, as long as the whole split is going to fit. The first time
 * it looks too large, everything is dropped and nothing more is kept.
 */
export class PictureCache {
  readonly #pictures = new Map<number, Picture>();
  readonly #count: number;
  readonly #budgetBytes: number;
  #bytes = 0;
  #open: boolean;

  constructor(count: number, budgetBytes: number) {
    this.#count = count;
    this.#budgetBytes = budgetBytes;
    this.#open = budgetBytes > 0;
  }

  /** Pictures are still taken in. */
  get open(): boolean {
    return this.#open;
  }

  get(index: number): Picture | undefined {
    return this.#pictures.get(index);
  }

  add(index: number, picture: Picture): void {
    if (!this.#open || this.#pictures.has(index)) return;
    this.#pictures.set(index, picture);
    this.#bytes += picture.data.length + OVERHEAD_BYTES;
    const seen = this.#pictures.size;
    const expected = seen < SAMPLE ? this.#bytes : (this.#bytes / seen) * this.#count;
    if (expected <= this.#budgetBytes) return;
    this.#open = false;
    this.#pictures.clear();
  }
}
