import { read } from 'node:fs';
import { RandomAccessReader } from 'yauzl';

type Callback = (error: Error | null, bytesRead?: number) => void;

/**
 * Reads parts of a file for yauzl. Its own reader passes a position in a damaged file on to Node, which
 * throws where nothing can catch it if there are no such positions.
 */
export class ZipReader extends RandomAccessReader {
  readonly #descriptor: number;
  readonly #size: number;

  constructor(descriptor: number, size: number) {
    super();
    this.#descriptor = descriptor;
    this.#size = size;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: Callback,
  ): void {
    if (position >= 0 && position + length <= this.#size) {
      read(this.#descriptor, buffer, offset, length, position, callback);
    } else {
      callback(new Error(`unexpected EOF: it points to byte ${position} of ${this.#size}`));
    }
  }
}
