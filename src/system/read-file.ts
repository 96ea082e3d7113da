/** Reads files that anybody may have put where ours are kept. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { withPath } from './files.js';

/**
 * The content of a file. Throws where it is no regular file, as a pipe that never ends or a device
 * without end, or has more than `most` bytes.
 */
export async function readRegularFile(file: string, most: number): Promise<Buffer> {
  return withRegularFile(file, most, (read, size) => read(Buffer.allocUnsafeSlow(size)));
}

/** Fills an array with the next bytes of a file, and returns it. */
export type ReadNext = <T extends ArrayBufferView>(into: T) => Promise<T>;

/** Has `use` read a file of `size` bytes in order; throws as `readRegularFile` does. */
export async function withRegularFile<T>(
  file: string,
  most: number,
  use: (read: ReadNext, size: number) => Promise<T>,
): Promise<T> {
  // A pipe of that name is not waited for.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error('it is no regular file');
    if (stats.size > most) {
      throw new Error(`it has ${stats.size} bytes, more than the ${most} that are read`);
    }
    const read: ReadNext = async (into) => {
      const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
      for (let done = 0; done < bytes.length; ) {
        const length = Math.min(bytes.length - done, 2 ** 30);
        const { bytesRead } = await handle.read(bytes, done, length);
        if (bytesRead === 0) throw new Error('it became shorter while it was read');
        done += bytesRead;
      }
      return into;
    };
    return await use(read, stats.size);
  } catch (error) {
    throw withPath(error, file);
  } finally {
    await handle.close();
  }
}

/** The SHA-256 of a file that `readRegularFile` would read. */
export async function hashRegularFile(file: string, most: number): Promise<string> {
  return withRegularFile(file, most, async (read, size) => {
    const hash = createHash('sha256');
    const memory = Buffer.allocUnsafe(Math.min(size, 2 ** 20));
    for (let left = size; left > 0; left -= memory.length) {
      hash.update(await read(memory.subarray(0, left)));
    }
    return hash.digest('hex');
  });
}
