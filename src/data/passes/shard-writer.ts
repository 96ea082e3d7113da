/**
 * Writes shards of WebDataset: tar files in which a sample is `KEY.jpg` and, with the number of its
 * class, `KEY.cls`. Beside each is the index that NVIDIA's DALI reads: a line for each sample with
 * the ending, offset, bytes and name of each of its files. https://github.com/webdataset/webdataset
 * https://github.com/NVIDIA/DALI/blob/main/tools/wds2idx.py
 */
import { Header } from 'tar';
import { writeAtomically } from '../../system/files.js';

export interface ShardSample {
  readonly key: string;
  readonly jpeg: Uint8Array;
  readonly label: number;
}

export interface WrittenShard {
  readonly samples: number;
  readonly bytes: number;
}

const BLOCK = 512;
const INDEX_VERSION = 'v1.2';
/** Always the same, so that the same images give the same bytes. */
const MODIFIED = new Date(0);

/** Writes `FILE.tar` and `FILE.idx`, each at once when it is complete. */
export async function writeShard(
  file: string,
  samples: AsyncIterable<ShardSample>,
): Promise<WrittenShard> {
  const lines: string[] = [];
  let bytes = 0;
  async function* blocks() {
    for await (const { key, jpeg, label } of samples) {
      const entries: string[] = [];
      for (const [ending, content] of [
        ['jpg', jpeg],
        ['cls', Buffer.from(String(label))],
      ] as const) {
        const name = `${key}.${ending}`;
        entries.push(`${ending} ${bytes + BLOCK} ${content.length} ${name}`);
        const member = [tarHeader(name, content.length), content, padding(content.length)];
        for (const part of member) {
          bytes += part.length;
          yield part;
        }
      }
      lines.push(entries.join(' '));
    }
    bytes += 2 * BLOCK;
    yield Buffer.alloc(2 * BLOCK);
  }
  await writeAtomically(`${file}.tar`, blocks());
  const index = [`${INDEX_VERSION} ${lines.length}`, ...lines];
  await writeAtomically(`${file}.idx`, `${index.join('\n')}\n`);
  return { samples: lines.length, bytes };
}

function tarHeader(path: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const owner = { uid: 0, gid: 0, uname: '', gname: '' };
  new Header({ path, size, mode: 0o644, mtime: MODIFIED, type: 'File', ...owner }).encode(block);
  return block;
}

function padding(length: number): Buffer {
  return Buffer.alloc((BLOCK - (length % BLOCK)) % BLOCK);
}
