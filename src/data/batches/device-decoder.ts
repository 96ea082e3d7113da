import type { DecodeOptions } from '../decode/decode-options.js';

/** Decodes JPEGs into the memory of the device that computes. */
export interface DeviceDecoder {
  /** What decodes, in words. */
  readonly description: string;
  /** Threads that read files for it. */
  open(threads: number, reading: DecodeOptions): DeviceReader;
}

export interface DeviceReader {
  /**
   * Shows what is in files in the slots that the records name, of a batch of (slots, size, size,
   * channels); the width in the record of an image that the device does not take becomes 0.
   * Undefined if the reader was closed before it was done.
   */
  decode(
    files: Uint8Array,
    records: Float64Array,
    shape: readonly [slots: number, size: number, channels: 1 | 3],
  ): Promise<DeviceImages | undefined>;
  /** Ends the threads after the images that they work on. */
  close(): void;
}

/** The images of a batch in the memory of the device. */
export interface DeviceImages {
  /**
   * Gives them away as the data of a tensor, with some slots as they are in `images`, (slots, size,
   * size, channels) bytes, which are copied at once.
   */
  take(images: Uint8Array, slots: Int32Array): object;
  /** Gives their memory back, unless they were taken. */
  release(): void;
}
