/** Images in compressed parts of files. */
import { printable } from '../../system/file-names.js';
import type { Block, ImageLocation } from '../dataset.js';
import { MOST_BYTES, readBytesInTurn } from './read-bytes.js';

/** Contents that a thread keeps: the images of an evaluation follow each other in their blocks. */
const KEPT = 2;
/** Larger ones are not kept. */
const MOST_KEPT_BYTES = 16 * 2 ** 20;

const kept = new Map<string, Buffer>();

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
  if (known !== undefined) return known;
  const { offset, length } = block;
  const content = await inflateBlock(await readBytesInTurn({ file, offset, length }), block);
  if (content.length <= MOST_KEPT_BYTES) {
    kept.set(key, content);
    const [oldest = ''] = kept.keys();
    if (kept.size > KEPT) kept.delete(oldest);
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
