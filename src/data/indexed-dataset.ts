import type { DatasetFacts, Split } from './dataset.js';
import type { ImageTable } from './image-table.js';

/** The images of a part as they were found. */
export interface IndexedSplit extends Split {
  /** The directory or tar file of the part. */
  readonly path: string;
  readonly images: ImageTable;
}

/** A dataset before a choice is made among its images. */
export interface DatasetIndex extends DatasetFacts {
  readonly train: IndexedSplit;
  /** Labels from `classes.length` on stand for `strangers`. */
  readonly val: IndexedSplit | undefined;
  /** A sentence that says why there is no validation part. */
  readonly noVal: string;
  /** Classes of the validation part that the training part lacks. */
  readonly strangers: readonly string[];
}
