/** Reads files that anybody may have put where ours are kept. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { withPath } from './files.js';

/**
 * The content of a file. Throws where it is no regular file, as a pipe that never ends or a device
 * without end, or has more than `most` bytes.
 */
export async function readRegularFile(file: string, most: number): Promise<Buffer> {
  // A pipe of that name is not waited for.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error('it is no regular file');
    if (stats.size > most) {
      throw new Error(`it has ${stats.size} bytes, more than the ${most} that are read`);
    }
    const bytes = Buffer.allocUnsafeSlow(stats.size);
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, done, Math.min(bytes.length - done, 2 ** 30));
      if (bytesRead === 0) throw new Error('it became shorter while it was read');
      done += bytesRead;
    }
    return bytes;
  } catch (error) {
    throw withPath(error, file);
  } finally {
    await handle.close();
  }
}
