import type { Image, Window } from '../augment/index.js';
import { showImage } from '../data/batches/show-image.js';

/** What a slot of a batch is a view of. */
export interface View {
  readonly image: number;
  /** The number of the protocol. */
  readonly protocol: number;
}

/** Views of one size that are collected until a batch is full. */
export class ViewBatch {
  /** (N, size, size, channels). */
  readonly images: Uint8Array;
  readonly mirror: Uint8Array;
  readonly size: number;
  readonly #channels: 1 | 3;
  #views: View[] = [];

  constructor(batchSize: number, size: number, channels: 1 | 3) {
    this.images = new Uint8Array(batchSize * size * size * channels);
    this.mirror = new Uint8Array(batchSize);
    this.size = size;
    this.#channels = channels;
  }

  get full(): boolean {
    return this.#views.length === this.mirror.length;
  }

  get empty(): boolean {
    return this.#views.length === 0;
  }

  add(view: View, image: Image, window: Window, mirrored: boolean): void {
    const slot = this.#views.length;
    const bytes = this.size ** 2 * this.#channels;
    const target = this.images.subarray(slot * bytes, (slot + 1) * bytes);
    showImage(image, window, this.size, target, this.#channels);
    this.mirror[slot] = Number(mirrored);
    this.#views.push(view);
  }

  /** The views so far, of which the next batch begins anew; the slots after them are zeros. */
  take(): readonly View[] {
    const views = this.#views;
    this.#views = [];
    const bytes = this.size ** 2 * this.#channels;
    this.images.fill(0, views.length * bytes);
    return views;
  }
}
