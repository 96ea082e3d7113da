import type { FileHandle } from 'node:fs/promises';
import type { Colours } from '../colours.js';
import { DataError } from '../errors.js';

/** A tensor in a weights file. */
export interface StoredTensor {
  readonly shape: readonly number[];
  /** Reads its values in row-major order; the file is open until then. */
  read(): Promise<Float32Array<ArrayBuffer>>;
}

/** What a weights file holds, known from its header alone. */
export interface Contents {
  readonly tensors: Map<string, StoredTensor>;
  /** The names of the classes, where the file has them. */
  readonly classes?: readonly string[];
  /** How the network saw colours, where the file says so. */
  readonly colours?: Colours;
  /** The weights of each layer in a file of Keras, in its order. */
  readonly keras?: ReadonlyMap<string, readonly StoredTensor[]>;
  /** What has to be done when all is read. */
  readonly close?: () => void;
}

/** An open file, by the name that the user knows. */
export interface WeightsSource {
  readonly path: string;
  readonly handle: FileHandle;
  /** In bytes. */
  readonly size: number;
}

/** Fills `bytes` from `position` of the file on. */
export async function readBytes(
  { handle, path }: WeightsSource,
  position: number,
  bytes: Uint8Array,
): Promise<void> {
  // One call reads at most 2 GiB.
  const most = 2 ** 30;
  let done = 0;
  while (done < bytes.length) {
    const length = Math.min(most, bytes.length - done);
    const { bytesRead } = await handle.read(bytes, done, length, position + done);
    if (bytesRead === 0) throw refuse(path, `it ends at byte ${position + done}, inside its data`);
    done += bytesRead;
  }
}

/** The error with which a weights file is turned down. */
export function refuse(path: string, why: string, options?: ErrorOptions): DataError {
  return new DataError(`Cannot read the weights ${path}: ${why}`, options);
}

/** The number of elements. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** A shape as messages show it: `(64, 3, 7, 7)`. */
export function describeShape(shape: readonly number[]): string {
  return `(${shape.join(', ')})`;
}
