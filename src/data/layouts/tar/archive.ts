import { basename } from 'node:path';
import { readBytes } from '../../decode/read-bytes.js';
import type { Place } from '../../image-table.js';
import { type ByteSource, withFile } from '../byte-source.js';
import { cannotRead } from '../cannot-read.js';
import { type Contents, type Folder, pathOf } from '../folder.js';
import { leftBehind } from '../left-behind.js';
import { byCodeUnit, isTarName, withoutTar } from '../names.js';
import type { Survey } from '../survey.js';
import { indexedMembers } from './shard-index.js';
import { type Member, type ReadOptions, readMembers } from './tar.js';

type ArchivePlace = Place & { readonly inside: string };

/** A folder inside a tar file. */
interface Node {
  readonly folders: Map<string, Node>;
  readonly files: Map<string, Member>;
}

/** At most the first `most` bytes of a member, until the next call. */
export type ReadMember = (member: Member, most: number) => Buffer;

/** A tar file as a folder. Its members are read each time that they are asked for. */
export class Archive implements Folder {
  readonly name: string;
  readonly place: ArchivePlace;
  readonly #survey: Survey;
  /** Its place in another tar file, if it is a member of one. */
  readonly #range: Member | undefined;

  constructor(path: string, survey: Survey, inside = '', range?: Member) {
    this.name = withoutTar(basename(inside === '' ? path : inside.slice(0, -1)));
    this.place = { path, inside };
    this.#survey = survey;
    this.#range = range;
  }

  /** Its regular files in their order, less those left behind; with `most`, the first few. */
  members(most?: number): Promise<Member[]> {
    return this.#open((source) => this.#visible(source, { most }));
  }

  /**
   * The same for a shard, which may have an index, with a function that reads the start of a member and
   * whether the end of the tar file is marked.
   */
  withSamples<T>(use: (members: Member[], read: ReadMember, ended: boolean) => T): Promise<T> {
    return this.#open(async (source) => {
      const { path } = this.place;
      const indexed = this.#range ? undefined : indexedMembers(path, source, this.#survey);
      let ended = true;
      const onNoEnd = () => {
        ended = false;
      };
      const members =
        indexed === undefined
          ? await this.#visible(source, { onNoEnd })
          : this.#withoutLeftBehind(indexed);
      const read: ReadMember = ({ offset, size }, most) => {
        return source.read(offset, Math.min(size, most));
      };
      return use(members, read, ended);
    });
  }

  #open<T>(use: (source: ByteSource) => Promise<T>): Promise<T> {
    const { path } = this.place;
    return withFile(path, this.#range, (source, mtimeNs) => {
      this.#survey.depend(path, mtimeNs);
      return use(source);
    });
  }

  async #visible(source: ByteSource, options: ReadOptions): Promise<Member[]> {
    const note = (sentence: string) => this.#survey.note(sentence);
    const members = await readMembers(source, pathOf(this), { ...options, note });
    return this.#withoutLeftBehind(members);
  }

  /** Counts each folder that is left out once, whatever it holds. */
  #withoutLeftBehind(members: readonly Member[]): Member[] {
    const known = new Set<string>();
    return members.filter(({ path }) => {
      const parts = path.split('/');
      const at = parts.findIndex((part) => leftBehind(part) !== undefined);
      if (at < 0) return true;
      const first = parts.slice(0, at + 1).join('/');
      if (!known.has(first)) this.#survey.leaveOut(leftBehind(parts[at] as string) as string);
      known.add(first);
      return false;
    });
  }

  async contents(): Promise<Contents> {
    const root: Node = { folders: new Map(), files: new Map() };
    for (const member of await this.members()) {
      const parts = member.path.split('/');
      const name = parts.pop() as string;
      nodeAt(root, parts).files.set(name, member);
    }
    return contentsOf(root, this.place, this.#survey);
  }
}

function nodeAt(root: Node, parts: readonly string[]): Node {
  let node = root;
  for (const part of parts) {
    let next = node.folders.get(part);
    if (next === undefined) {
      next = { folders: new Map(), files: new Map() };
      node.folders.set(part, next);
    }
    node = next;
  }
  return node;
}

function contentsOf(node: Node, place: ArchivePlace, survey: Survey): Contents {
  const { path, inside } = place;
  const folders: Folder[] = [...node.folders].map(([name, below]) => {
    const placeBelow = { path, inside: `${inside}${name}/` };
    return {
      name,
      place: placeBelow,
      contents: async () => contentsOf(below, placeBelow, survey),
    };
  });
  for (const [name, member] of node.files) {
    if (!isTarName(name) || node.folders.has(withoutTar(name))) continue;
    folders.push(new Archive(path, survey, `${inside}${name}:`, member));
  }
  const member = (name: string) => node.files.get(name) as Member;
  return {
    folders: folders.sort((a, b) => byCodeUnit(a.name, b.name)),
    files: [...node.files.keys()].filter((name) => !isTarName(name)).sort(byCodeUnit),
    entry: (name) => ({ name, size: member(name).size, offset: member(name).offset }),
    read(name, most = Number.POSITIVE_INFINITY) {
      const { offset, size } = member(name);
      try {
        return readBytes({ file: path, offset, length: Math.min(size, most) });
      } catch (cause) {
        throw cannotRead(`${path}:${inside}${name}`, cause);
      }
    },
  };
}
