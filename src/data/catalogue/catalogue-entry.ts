import type { Image } from '../../augment/index.js';

export type Progress = (text: string) => void;

/** An image with its place in the dataset. */
export interface CatalogueImage {
  readonly split: 'train' | 'val';
  readonly className: string;
  /** File name without its ending. */
  readonly name: string;
  readonly image: Image;
}

export interface CatalogueEntry {
  readonly name: string;
  /** Changes whenever the images or their names do, so that an older copy is left alone. */
  readonly revision: number;
  readonly count: number;
  readonly description: string;
  images(onProgress: Progress): AsyncIterable<CatalogueImage>;
}
