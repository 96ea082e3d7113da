/**
 * The index beside a shard, which `cnn data pack` and NVIDIA's wds2idx write: `v1.2` with the
 * number of samples, then a line for each with the ending, offset, bytes and name of each of its
 * files. With it the headers between them need not be read. An index is used only if its members
 * fill the tar file from beginning to end and the headers that are compared agree.
 */
import { readFileSync, statSync } from 'node:fs';
import { Header } from 'tar';
import { printable, systemPath } from '../../../system/file-names.js';
import type { ByteSource } from '../byte-source.js';
import { withoutTar } from '../names.js';
import type { Survey } from '../survey.js';
import { BLOCK, type Member, plainPath } from './tar.js';

/** Headers that are compared with the index, spread over the tar file. */
const LOOKS = 16;

/** The members of a tar file in their order by its index; undefined if it has none that is right. */
export function indexedMembers(
  tar: string,
  source: ByteSource,
  survey: Survey,
): Member[] | undefined {
  const file = `${withoutTar(tar)}.idx`;
  const stats = statSync(systemPath(file), { bigint: true, throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile()) return undefined;
  survey.depend(file, stats.mtimeNs);
  try {
    const members = parseIndex(readFileSync(systemPath(file), 'utf8'));
    checkLayout(members, source.end);
    checkHeaders(members, source);
    return members;
  } catch (error) {
    const reason = (error as Error).message;
    survey.note(
      `${printable(file)} is not the index of ${printable(tar)}, which was read without it: ${reason}. Delete it.`,
    );
    return undefined;
  }
}

function parseIndex(text: string): Member[] {
  const [head = '', ...lines] = text.split('\n');
  const samples = /^v1\.2 (\d+)$/.exec(head)?.[1];
  if (samples === undefined) throw new Error('expected its first line to be v1.2 and a number');
  if (lines.pop() !== '' || lines.length !== Number(samples)) {
    throw new Error(`expected ${samples} lines of samples but found ${lines.length}`);
  }
  return lines.flatMap((line, number) => {
    const words = line.split(' ');
    const entry = (at: number) => {
      const [path = '', offset, size] = [
        words[at + 3],
        Number(words[at + 1]),
        Number(words[at + 2]),
      ];
      if (path !== '' && Number.isSafeInteger(offset) && Number.isSafeInteger(size)) {
        return { path: plainPath(path), offset, size };
      }
      throw new Error(`expected line ${number + 2} to hold endings, offsets, bytes and names`);
    };
    return Array.from({ length: Math.ceil(words.length / 4) }, (_, file) => entry(4 * file));
  });
}

/** Each member begins a header after the end of the one before it, and an empty block ends them. */
function checkLayout(members: readonly Member[], end: number): void {
  let at = 0;
  for (const { path, offset, size } of members) {
    if (offset !== at + BLOCK || size < 0)
      throw new Error(`${path} cannot begin at byte ${offset}`);
    at = offset + Math.ceil(size / BLOCK) * BLOCK;
  }
  if (at + BLOCK > end) throw new Error(`it goes to byte ${at} of ${end}`);
}

function checkHeaders(members: readonly Member[], source: ByteSource): void {
  const headerAt = (position: number) => new Header(source.read(position, BLOCK), 0);
  const looks = Math.min(LOOKS, members.length);
  for (let look = 0; look < looks; look++) {
    // The first and the last among them.
    const at = Math.round((look * (members.length - 1)) / Math.max(1, looks - 1));
    const { path, offset, size } = members[at] as Member;
    const header = headerAt(offset - BLOCK);
    if (!header.cksumValid || plainPath(header.path ?? '') !== path || header.size !== size) {
      throw new Error(`${path} does not begin at byte ${offset}`);
    }
  }
  const last = members.at(-1);
  const end = last === undefined ? 0 : last.offset + Math.ceil(last.size / BLOCK) * BLOCK;
  if (!headerAt(end).nullBlock) throw new Error(`there are more files after byte ${end}`);
}
