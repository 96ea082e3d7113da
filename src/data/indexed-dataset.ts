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

/** What was found where a dataset was looked for. */
export interface Found {
  readonly root: string;
  /** Undefined where no training images could be read. */
  readonly index: FoundIndex | undefined;
  /** Sentences about things that are odd but do no harm. */
  readonly warnings: readonly string[];
  /** Sentences about what has to be fixed before a network can be trained. */
  readonly problems: readonly string[];
  /** Paths of class folders without images. */
  readonly emptyFolders: readonly string[];
}

/** An index that may lack what the problems are about. */
export interface FoundIndex extends Omit<DatasetIndex, 'channels'> {
  /** Undefined where no image can be read. */
  readonly channels: 1 | 3 | undefined;
}
