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
  /** Sentences about things that are odd but do no harm. */
  readonly notes: string[] = [];
  readonly #onProgress: (images: number) => void;
  #images = 0;

  constructor(onProgress: (images: number) => void = () => {}) {
    this.#onProgress = onProgress;
  }

  depend(path: string, mtimeNs: bigint): void {
    this.sources.set(path, { path, modified: String(mtimeNs) });
  }

  note(sentence: string): void {
    if (!this.notes.includes(sentence)) this.notes.push(sentence);
  }

  /** One more image was found. */
  count(): void {
    if (++this.#images % REPORT_EVERY === 0) this.#onProgress(this.#images);
  }
}
