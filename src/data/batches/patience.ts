import { DataError } from '../../errors.js';
import type { ImageList } from '../dataset.js';
import { type Failure, isPlaceGone, pauses } from '../decode/failure.js';

/** Images of a batch that could not be read: index in the list, and why. */
export type Failures = readonly (readonly [index: number, failure: Failure])[];

export interface PatienceOptions {
  readonly images: ImageList;
  /** For how long files are tried again; undefined: not at all, and places that are gone end nothing. */
  readonly seconds: number | undefined;
  /** Is told when the waiting begins, and when it was not in vain. */
  readonly onTrouble?: ((line: string) => void) | undefined;
}

/** The trouble is told only where it lasts longer. */
const TOLD_AFTER_SECONDS = 0.5;

/** Tries again what the system did not give: an unplugged disk or a restarted server comes back. */
export class Patience {
  readonly #options: PatienceOptions;
  /** Images that did not come back, but their neighbours did: they are not waited for again. */
  readonly #lost = new Set<number>();
  readonly #closing = new AbortController();
  #told = false;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  /**
   * Calls `again` with the images to try once more until all are read or the time is over; returns
   * what is left. Throws a DataError where the place of an image is gone.
   */
  async retry(
    failures: Failures,
    again: (indices: readonly number[]) => Promise<Failures>,
  ): Promise<Failures> {
    const { seconds } = this.#options;
    const final = failures.filter(([index, { system }]) => !system || this.#lost.has(index));
    let waiting = failures.filter(([index, { system }]) => system && !this.#lost.has(index));
    if (waiting.length === 0 || seconds === undefined) return failures;
    const started = performance.now();
    for await (const _ of pauses(seconds, this.#closing.signal)) {
      const found = await again(waiting.map(([index]) => index));
      final.push(...found.filter(([, { system }]) => !system));
      waiting = found.filter(([, { system }]) => system);
      if (waiting.length === 0) break;
      if (performance.now() - started > 1000 * TOLD_AFTER_SECONDS) this.#tell(waiting);
    }
    await this.#giveUp(waiting);
    if (this.#told && waiting.length === 0) {
      this.#told = false;
      const waited = ((performance.now() - started) / 1000).toFixed(0);
      this.#options.onTrouble?.(`the images can be read again, after ${waited} s`);
    }
    return [...final, ...waiting].sort(([a], [b]) => a - b);
  }

  /** Ends the waiting. */
  close(): void {
    this.#closing.abort();
  }

  #tell([first]: Failures): void {
    if (this.#told || first === undefined) return;
    this.#told = true;
    this.#options.onTrouble?.(
      `${this.#sentence(first)}; trying again for ${this.#options.seconds} s`,
    );
  }

  async #giveUp(waiting: Failures): Promise<void> {
    const { images, seconds } = this.#options;
    for (const failure of waiting) {
      const [index] = failure;
      if (await isPlaceGone(images.locate(index))) {
        throw new DataError(
          `${this.#sentence(failure)}, nor what is beside it, and ${seconds} s of trying again did not help (--data-patience).`,
        );
      }
      this.#lost.add(index);
    }
  }

  #sentence([index, { reason }]: Failures[number]): string {
    return `Cannot read the image ${this.#options.images.name(index)}: ${reason}`;
  }
}
