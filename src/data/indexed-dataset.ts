import type { Split } from './dataset.js';
import type { ImageTable } from './image-table.js';

/** The images of a part as they were found. */
export interface IndexedSplit extends Split {
  /** The directory or tar file of the part. */
  readonly path: string;
  readonly images: ImageTable;
}

/** All that is known of a dataset before a choice is made among its images. */
export interface DatasetIndex {
  /** The catalogue name, or the name of the directory. */
  readonly name: string;
  /** Absolute path of the directory or tar file. */
  readonly root: string;
  /** The layout found, as text for people. */
  readonly layout: string;
  /** The classes of the training part in code-unit order. */
  readonly classes: readonly string[];
  /** What people call each class; empty texts where nothing says. */
  readonly words: readonly string[];
  readonly train: IndexedSplit;
  /** Labels from `classes.length` on stand for `strangers`. */
  readonly val: IndexedSplit | undefined;
  /** A sentence that says why there is no validation part. */
  readonly noVal: string;
  /** Classes of the validation part that the training part lacks. */
  readonly strangers: readonly string[];
  readonly channels: 1 | 3;
  readonly fingerprint: string;
  readonly warnings: readonly string[];
}
