/** Images in compressed parts of files. */
import { printable } from '../../system/file-names.js';
import type { Block, ImageLocation } from '../dataset.js';
import { MOST_BYTES, readBytesInTurn } from './read-bytes.js';

/**
 * Contents that a thread keeps: the images of an evaluation follow each other in their blocks, and a
 * small dataset is in a few blocks that every batch needs.
 */
const MOST_KEPT_BYTES = 64 * 2 ** 20;

/** The one used last is the last. */
const kept = new Map<string, Buffer>();
let keptBytes = 0;

/** The bytes of an image, wherever it is in its file. */
export async function readImageBytes(location: ImageLocation): Promise<Buffer> {
  const { file, offset, length, block } = location;
  if (block === undefined) return readBytesInTurn(location);
  const content = await readBlock(file, block);
  if (offset + length <= content.length) return content.subarray(offset, offset + length);
  throw new Error(`${printable(file)} has no image of ${length} bytes at byte ${block.offset}`);
}

async function readBlock(file: string, block: Block): Promise<Buffer> {
  const key = `${block.offset} ${block.length} ${file}`;
  const known = kept.get(key);
  if (known !== undefined) {
    kept.delete(key);
    kept.set(key, known);
    return known;
  }
  const { offset, length } = block;
  const content = await inflateBlock(await readBytesInTurn({ file, offset, length }), block);
  // Another image of the block may have been first.
  if (!kept.has(key)) keptBytes += content.length;
  kept.set(key, content);
  for (const [oldest, { length: bytes }] of kept) {
    if (keptBytes <= MOST_KEPT_BYTES) break;
    kept.delete(oldest);
    keptBytes -= bytes;
  }
  return content;
}

/** What compressed bytes hold; rejects where that is not what the block says. */
export async function inflateBlock(
  bytes: Uint8Array,
  { codec, size }: Pick<Block, 'codec' | 'size'>,
): Promise<Buffer> {
  if (size > MOST_BYTES) {
    throw new Error(`its ${size} bytes are more than the ${MOST_BYTES} that are read of an image`);
  }
  // Few data sets need it.
  const { compressors } = await import('hyparquet-compressors');
  const content = compressors[codec]?.(bytes, size);
  if (content?.length !== size) throw new Error(`its ${codec} block is damaged`);
  return Buffer.from(content.buffer, content.byteOffset, content.length);
}
