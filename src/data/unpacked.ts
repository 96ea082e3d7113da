/**
 * Copies in the cache of files that are compressed as a whole, whose images cannot be read by their
 * place. A copy is made once, and again after the file has changed.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { CACHE_ADVICE, cacheDirectory } from '../cache-directory.js';
import { DataError } from '../errors.js';
import { printable, systemPath } from '../system/file-names.js';
import { makeDirectories, writeAtomically } from '../system/files.js';
import { cannotWrite } from '../system/system-errors.js';
import { cannotRead } from './layouts/cannot-read.js';

/** Larger ones are for their owner to unpack where there is room. */
const MOST_BYTES = 4 * 2 ** 30;

const GZIP = /\.t?gz$/i;
const GZIPPED_TAR = /\.(tgz|tar\.gz)$/i;

/** Whether a file is a tar file that gzip has compressed, by its name. */
export function isGzippedTar(name: string): boolean {
  return GZIPPED_TAR.test(name);
}

/** The name of a file without the ending that gzip gives it: `a.tar` of `a.tar.gz` and `a.tgz`. */
export function withoutGzip(name: string): string {
  return name.replace(/\.tgz$/i, '.tar').replace(GZIP, '');
}

/** The path of what a file holds that gzip has compressed. */
export async function gunzipped(
  file: string,
  onProgress: (text: string) => void = () => {},
): Promise<string> {
  return keptCopy(file, withoutGzip(basename(file)), () => inflate(file, onProgress));
}

/** The path of a copy of a file in another form, which `content` yields where there is none yet. */
export async function keptCopy(
  file: string,
  name: string,
  content: () => AsyncIterable<Uint8Array>,
): Promise<string> {
  const { size, mtimeNs } = statSync(systemPath(file), { bigint: true });
  const key = createHash('sha256')
    .update(realpathSync.native(systemPath(file), 'buffer'))
    .update(`\0${size} ${mtimeNs}`)
    .digest('hex')
    .slice(0, 32);
  const copy = join(cacheDirectory(), 'unpacked', key, name);
  if (existsSync(systemPath(copy))) return copy;
  try {
    await makeDirectories(dirname(copy));
    await writeAtomically(copy, content());
  } catch (error) {
    throw cannotWrite(`what ${printable(file)} holds to ${dirname(copy)}`, error, CACHE_ADVICE);
  }
  return copy;
}

async function* inflate(
  file: string,
  onProgress: (text: string) => void,
): AsyncGenerator<Uint8Array> {
  const name = printable(file);
  const gunzip = createGunzip();
  const reading = createReadStream(systemPath(file)).on('error', (cause) => {
    gunzip.destroy(cannotRead(file, cause));
  });
  let bytes = 0;
  try {
    for await (const chunk of reading.pipe(gunzip)) {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) {
        throw new DataError(
          `${name} holds more than ${MOST_BYTES / 2 ** 30} GiB: unpack it where there is room.`,
        );
      }
      onProgress(`Unpacking ${name}: ${Math.round(bytes / 1e6)} MB`);
      yield chunk;
    }
  } catch (cause) {
    const { code } = cause as { readonly code?: unknown };
    if (code !== 'Z_BUF_ERROR' && code !== 'Z_DATA_ERROR') throw cause;
    const what = code === 'Z_BUF_ERROR' ? 'truncated' : 'damaged, or not made by gzip';
    throw new DataError(
      `${name} is ${what}: ${(cause as Error).message}. Compare its size and checksum with the original.`,
      { cause },
    );
  } finally {
    reading.destroy();
  }
}
