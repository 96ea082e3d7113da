import { basename } from 'node:path';
import type { Place } from '../picture-table.js';
import { readBytes } from '../read-bytes.js';
import { type Contents, type Folder, isHidden, pathOf } from './folder.js';
import { byCodeUnit } from './names.js';
import type { Survey } from './survey.js';
import { type Member, readMembers, withFile } from './tar.js';

type ArchivePlace = Place & { readonly inside: string };

/** A folder inside a tar file. */
interface Node {
  readonly folders: Map<string, Node>;
  readonly files: Map<string, Member>;
}

/** A tar file as a folder. Its members are read each time that they are asked for. */
export class Archive implements Folder {
  readonly name: string;
  readonly place: ArchivePlace;
  readonly #survey: Survey;
  /** Where it lies, if it is a member of another tar file. */
  readonly #range: Member | undefined;

  constructor(path: string, survey: Survey, inside = '', range?: Member) {
    this.name = basename(inside === '' ? path : inside.slice(0, -1), '.tar');
    this.place = { path, inside };
    this.#survey = survey;
    this.#range = range;
  }

  /** Its regular files in their order, less hidden ones; with `most`, the first few. */
  members(most?: number): Promise<Member[]> {
    const { path } = this.place;
    return withFile(path, this.#range, async (source, mtimeNs) => {
      this.#survey.depend(path, mtimeNs);
      const note = (sentence: string) => this.#survey.note(sentence);
      const members = await readMembers(source, pathOf(this), { most, note });
      return members.filter((member) => !member.path.split('/').some(isHidden));
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
    if (!name.endsWith('.tar') || node.folders.has(name.slice(0, -'.tar'.length))) continue;
    folders.push(new Archive(path, survey, `${inside}${name}:`, member));
  }
  const member = (name: string) => node.files.get(name) as Member;
  return {
    folders: folders.sort((a, b) => byCodeUnit(a.name, b.name)),
    files: [...node.files.keys()].filter((name) => !name.endsWith('.tar')).sort(byCodeUnit),
    entry: (name) => ({ name, size: member(name).size, offset: member(name).offset }),
    read(name, most = Number.POSITIVE_INFINITY) {
      const { offset, size } = member(name);
      return readBytes({ file: path, offset, length: Math.min(size, most) });
    },
  };
}
