import type { ImageTable } from '../../image-table.js';

/** The images of one part of a dataset, with classes of their own. */
export interface Labelled {
  /** The folder or tar file, for messages. */
  readonly path: string;
  /** One folder for each class, tar files of samples, one folder and a file of classes, or files of many images. */
  readonly kind: 'class folders' | 'shards' | 'flat' | 'containers';
  /** The file that names the classes of a flat folder. */
  readonly labelFile?: string;
  /** In code-unit order; bare numbers of shards by value; those of containers by their labels. */
  readonly classes: readonly string[];
  readonly images: ImageTable;
  /** For each image the index of its class. */
  readonly labels: Int32Array;
}
