/** How pixels are stored that are not encoded, one byte for each level. */
export interface PixelForm {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /**
   * What comes one after the other: `planes` of rows, one for each channel; `rows` of pixels;
   * `columns` of pixels.
   */
  readonly order: 'planes' | 'rows' | 'columns';
}

/** Compressed bytes of a file in which images are. */
export interface Block {
  /** Of the compressed bytes in the file. */
  readonly offset: number;
  readonly length: number;
  readonly codec: Codec;
  /** Bytes that it holds. */
  readonly size: number;
}

/** How blocks are compressed: those of Parquet. */
export const CODECS = ['SNAPPY', 'GZIP', 'BROTLI', 'LZ4', 'ZSTD', 'LZ4_RAW'] as const;
export type Codec = (typeof CODECS)[number];

/** The bytes of an image. */
export interface ImageLocation {
  /** Absolute path, as of file-names.ts. */
  readonly file: string;
  /** Bytes of the file before the image. */
  readonly offset: number;
  /** Bytes of the image; -1: the file is the image, however long. */
  readonly length: number;
  /** Where the bytes are pixels and no image file. */
  readonly pixels?: PixelForm;
  /** Where the image is in a compressed part of the file: `offset` counts from the start of its content. */
  readonly block?: Block;
}

/** Images in a fixed order, in files of their own or in files that hold many. */
export interface ImageList {
  readonly length: number;
  /** The image by name, for messages: `DIR/train/cat/1.jpg`, `DIR/train.tar:cat/1.jpg`, `DIR/data_batch_1.bin:7`. */
  name(index: number): string;
  locate(index: number): ImageLocation;
}

/** The images of one split. */
export interface Split {
  /** By class and then by name. */
  readonly images: ImageList;
  /** For each image the index of its class in `Dataset.classes`. */
  readonly labels: Int32Array;
}

/** What is known of a dataset whatever part of it is used. */
export interface DatasetFacts {
  /** The catalogue name, or the name of the directory. */
  readonly name: string;
  /** Absolute path of the directory or tar file. */
  readonly root: string;
  /** The layout found, as text for people. */
  readonly layout: string;
  /** The classes of the training set in code-unit order. */
  readonly classes: readonly string[];
  /** What people call each class, `tench, Tinca tinca`; empty texts where nothing says. */
  readonly words: readonly string[];
  /** What the images hold: 1 for grey, 3 for colour. Networks may ask otherwise. */
  readonly channels: 1 | 3;
  /** SHA-256 of class names, file names relative to the root and sizes, and of what was selected. */
  readonly fingerprint: string;
  /** Sentences about things that are odd but do no harm. */
  readonly warnings: readonly string[];
}

/** A dataset with its two splits. */
export interface Dataset extends DatasetFacts {
  /** The fingerprint whichever training images were drawn: accuracies of the same compare. */
  readonly evaluation: string;
  readonly train: Split;
  readonly val: Split;
}
