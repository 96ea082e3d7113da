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
import { removeOldCopies, useCopy } from './old-copies.js';

/** Larger ones are for their owner to unpack where there is room. */
const MOST_BYTES = 4 * 2 ** 30;

/** The first bytes of what gzip has compressed. */
const GZIP_MAGIC = Buffer.from('1f8b08', 'hex');
const GZIP = /\.t?gz$/i;
const GZIPPED_TAR = /\.(tgz|tar\.gz)$/i;

/** Whether a file is a tar file that gzip has compressed, by its name. */
export function isGzippedTar(name: string): boolean {
  return GZIPPED_TAR.test(name);
}

/** Whether bytes are the first ones of what gzip has compressed. */
export function isGzip(bytes: Uint8Array): boolean {
  return GZIP_MAGIC.equals(bytes.subarray(0, GZIP_MAGIC.length));
}

/** The name of a file without the ending that gzip gives it: `a.tar` of `a.tar.gz` and `a.tgz`. */
export function withoutGzip(name: string): string {
  return name.replace(/\.tgz$/i, '.tar').replace(GZIP, '');
}

/** A file in a tar file. */
export interface Member {
  readonly name: string;
  /** In bytes of the tar file. */
  readonly offset: number;
  readonly size: number;
}

/** The path of what a file holds that gzip has compressed, or one of its members if it is a tar file. */
export async function gunzipped(
  file: string,
  onProgress: (text: string) => void = () => {},
  member?: Member,
): Promise<string> {
  const name = withoutGzip(member?.name ?? basename(file));
  return keptCopy(file, name, () => inflate(file, onProgress, member), member?.offset);
}

/** The path of a copy of a file in another form, which `content` yields where there is none yet. */
export async function keptCopy(
  file: string,
  name: string,
  content: () => AsyncIterable<Uint8Array>,
  offset = 0,
): Promise<string> {
  const { size, mtimeNs } = statSync(systemPath(file), { bigint: true });
  const key = createHash('sha256')
    .update(realpathSync.native(systemPath(file), 'buffer'))
    .update(`\0${size} ${mtimeNs}${offset === 0 ? '' : ` ${offset}`}`)
    .digest('hex')
    .slice(0, 32);
  const copies = join(cacheDirectory(), 'unpacked');
  const copy = join(copies, key, name);
  if (existsSync(systemPath(copy))) {
    await useCopy(dirname(copy));
    return copy;
  }
  try {
    await makeDirectories(dirname(copy));
    await useCopy(dirname(copy));
    await removeOldCopies(copies);
    await writeAtomically(copy, content());
  } catch (error) {
    throw cannotWrite(`what ${printable(file)} holds to ${dirname(copy)}`, error, CACHE_ADVICE);
  }
  return copy;
}

async function* inflate(
  file: string,
  onProgress: (text: string) => void,
  member?: Member,
): AsyncGenerator<Uint8Array> {
  const name = printable(member === undefined ? file : `${file}:${member.name}`);
  const gunzip = createGunzip();
  const range = member && { start: member.offset, end: member.offset + member.size - 1 };
  const reading = createReadStream(systemPath(file), range).on('error', (cause) => {
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
