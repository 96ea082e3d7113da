import { DataError } from '../../errors.js';
import type { ImageList } from '../dataset.js';
import type { Failures } from './patience.js';

export interface BadImageSettings {
  /**
   * An image that cannot be read leaves its slot empty, which is the default, or ends the epoch.
   */
  readonly onBadImage?: 'skip' | 'fail';
  /** The share of images that cannot be read which ends an epoch where it is exceeded; 1 by default. */
  readonly maxBadImages?: number;
}

/** Images of a split that cannot be read. */
export class BadImages {
  /** Those that could not be read at their last use, by name, with the reason. */
  readonly unreadable = new Map<string, string>();
  /** Those that cannot be decoded, which are not tried again, and those that the system did not give. */
  readonly #undecodable = new Set<number>();
  readonly #notGiven = new Set<number>();
  readonly #images: ImageList;
  readonly #settings: BadImageSettings;

  constructor(images: ImageList, settings: BadImageSettings) {
    this.#images = images;
    this.#settings = settings;
  }

  /** Whether an image need not be tried again. */
  isUndecodable(index: number): boolean {
    return this.#undecodable.has(index);
  }

  /** Takes in what came of the images of a batch. Throws a DataError where that is to end the epoch. */
  record(indices: readonly number[], failures: Failures): void {
    const failed = new Map(failures);
    for (const index of indices) {
      if (!this.#notGiven.has(index) || failed.has(index)) continue;
      this.#notGiven.delete(index);
      this.unreadable.delete(this.#images.name(index));
    }
    for (const [index, { reason, system }] of failures) {
      (system ? this.#notGiven : this.#undecodable).add(index);
      this.unreadable.set(this.#images.name(index), reason);
    }
    this.#checkFirst(failures);
    this.#checkShare();
  }

  #checkFirst([first]: Failures): void {
    if (this.#settings.onBadImage !== 'fail' || first === undefined) return;
    const [index, { reason }] = first;
    throw new DataError(
      `Cannot read the image ${this.#images.name(index)}: ${reason}. Repair or remove it ("cnn data verify" finds them all), or leave such images out with --on-bad-image skip.`,
    );
  }

  #checkShare(): void {
    const { maxBadImages = 1 } = this.#settings;
    const { length } = this.#images;
    const { size } = this.unreadable;
    if (size <= maxBadImages * length) return;
    const [first] = this.unreadable;
    const [name, reason] = first ?? [];
    throw new DataError(
      `Cannot read ${size} of the ${length} images that an epoch has, more than --max-bad-images ${maxBadImages} allows; the first is ${name}: ${reason}. Repair or remove them ("cnn data verify" finds them all), or allow more.`,
    );
  }
}
