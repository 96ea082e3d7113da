/** What batches of images are, and how they are asked for. */
import type { Mix, MixSettings, PrincipalColours, Transform } from '../../augment/index.js';
import type { DecodeOptions } from '../decode/decode-options.js';
import type { BadImageSettings } from './bad-images.js';
import type { DeviceDecoder } from './device-decoder.js';

export interface Batch {
  /** (N, H, W, C) with C = 1 or 3, 0..255; shared memory, valid until release(). */
  readonly images: Uint8Array;
  /** (N); -1 for a slot of zeros: an image that cannot be read, or padding of the last batch. */
  readonly labels: Int32Array;
  /** (N); 1 = to be mirrored left to right, which the device does. */
  readonly mirror: Uint8Array;
  /** (N, C); what the device adds to the colours, in [0, 1] units; 0 where C is 1. */
  readonly offsets: Float32Array;
  /** (N, 4) left, top, right and bottom of what the device erases; absent where nothing is. */
  readonly erased?: Int32Array;
  /** How the device mixes each image with the one before it; absent where it does not. */
  readonly mix?: Mix;
  /** Slots that stand for an image of the split, read or not: N less padding. */
  readonly count: number;
  /**
   * Where a device has decoded the images: gives them away, once, as the data of a tensor of
   * (N, H, W, C) bytes. `images` then has only those that it left to the processor.
   */
  takeFromDevice?(): object;
  /** Gives the buffer back; once is enough. */
  release(): void;
}

export interface BatchSettings extends BadImageSettings {
  readonly batchSize: number;
  /** Where processes divide batches of `of` images: which is the first one of this process. */
  readonly part?: { readonly first: number; readonly of: number } | undefined;
  /** Side of an image in the batch; the same as `transform.size`. */
  readonly imageSize: number;
  readonly channels: 1 | 3;
  readonly transform: Transform;
  /** What colour offsets go along; ImageNet's by default. */
  readonly principalColours?: PrincipalColours;
  readonly seed: number;
  /** Decoding threads. */
  readonly workers: number;
  readonly shuffle: boolean;
  /** How often an epoch has each of its images, of which there are then fewer; 1 by default. */
  readonly copies?: number;
  /** How the images of a step are mixed; they are not by default. */
  readonly mixing?: MixSettings;
  /**
   * Whether images that do not fill a last batch are dropped, or the batch is padded with label -1.
   */
  readonly lastBatch: 'drop' | 'pad';
  /** Batches decoded ahead while one is in use; 0 = decode only when asked. */
  readonly prefetch: number;
  /** Decoded images stay in memory if the whole split fits in that many bytes. */
  readonly cacheBytes: number;
  /** As Pillow by default. */
  readonly reading?: DecodeOptions;
  /** Decodes what JPEGs it can on the device that computes, to which batches then belong. */
  readonly decoder?: DeviceDecoder;
  /**
   * Seconds for which files that the system does not give are tried again, before the epoch ends where
   * their place is gone. Undefined: such files are as any other that cannot be read.
   */
  readonly patience?: number;
  /** Is told of waiting for files. */
  readonly onTrouble?: (line: string) => void;
}

/** Images that a device has decoded, and those that were left to the processor. */
export interface Decoded {
  device: number;
  processor: number;
}

export interface BatchLoader {
  /** Batches per epoch. */
  readonly steps: number;
  /** Decoding threads. */
  readonly workers: number;
  /** Decoded images stay in memory for later epochs, as far as those seen so far tell. */
  readonly kept: boolean;
  /**
   * The batches of an epoch from `fromStep` on, always the same ones. One epoch at a time. There
   * are prefetch + 2 buffers: the next batch waits until one is released. Ending the loop early
   * gives back what it handed out. Throws a DataError where images that cannot be read are to end it,
   * or where the place of an image is gone.
   */
  batches(epoch: number, fromStep?: number): AsyncGenerator<Batch, void>;
  /** Where a device decodes, how many images so far were. */
  readonly decoded: Readonly<Decoded> | undefined;
  /** Images that could not be read at their last use, by their names in the list, with the reason. */
  readonly unreadable: ReadonlyMap<string, string>;
  /** Ends the decoding threads. */
  close(): Promise<void>;
}
