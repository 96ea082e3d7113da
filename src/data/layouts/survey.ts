import { DataError } from '../../errors.js';
import { list } from './names.js';

/** A file or directory that an index was made from, as it was then. */
export interface IndexSource {
  /** Absolute path. */
  readonly path: string;
  /** Nanoseconds since 1970, as text: more digits than a number holds. */
  readonly modified: string;
}

/** Images between two reports. */
const REPORT_EVERY = 100_000;

/** What is collected while folders are read. */
export class Survey {
  /** What the index depends on: a change of one of them makes it stale. */
  readonly sources = new Map<string, IndexSource>();
  /** Paths of class folders without images. */
  readonly emptyFolders: string[] = [];
  readonly #notes: string[] = [];
  readonly #problems: string[] = [];
  /** How often each kind of file or folder was left out that no dataset means to hold. */
  readonly #leftOut = new Map<string, number>();
  readonly #onProgress: (images: number) => void;
  #images = 0;

  constructor(onProgress: (images: number) => void = () => {}) {
    this.#onProgress = onProgress;
  }

  /** Sentences about things that are odd but do no harm. */
  get notes(): readonly string[] {
    if (this.#leftOut.size === 0) return this.#notes;
    const kinds = [...this.#leftOut].map(([kind, times]) => {
      return times === 1 ? kind : `${times} ${kind}`;
    });
    return [...this.#notes, `Left out what systems and tools leave behind: ${list(kinds, 12)}.`];
  }

  /** Sentences about what has to be fixed before a network can be trained. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  depend(path: string, mtimeNs: bigint): void {
    this.sources.set(path, { path, modified: String(mtimeNs) });
  }

  note(sentence: string): void {
    if (!this.#notes.includes(sentence)) this.#notes.push(sentence);
  }

  problem(sentence: string): void {
    if (!this.#problems.includes(sentence)) this.#problems.push(sentence);
  }

  /** The result of `read`; where it throws a DataError, undefined, and the reason is a problem. */
  async attempt<T>(read: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      this.problem(error.message);
      return undefined;
    }
  }

  leaveOut(kind: string): void {
    this.#leftOut.set(kind, (this.#leftOut.get(kind) ?? 0) + 1);
  }

  /** One more image was found. */
  count(): void {
    if (++this.#images % REPORT_EVERY === 0) this.#onProgress(this.#images);
  }
}
