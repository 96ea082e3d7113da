/** What the processes of a training agree on between two steps: to stop, or that one cannot go on. */
import type { World } from '../distributed/world.js';
import { DataError } from '../errors.js';
import type { StopRequest, StopSignal } from './signals.js';
import { SIGNAL_EXIT_CODES } from './signals.js';

const SIGNALS = Object.keys(SIGNAL_EXIT_CODES) as StopSignal[];

export class Agreement {
  readonly #world: World;
  readonly #own: Pick<StopRequest, 'signal'>;
  readonly #onAgreed: (signal: StopSignal) => void;
  #agreed: StopSignal | undefined;

  /** `onAgreed` is called once, where several processes stop by a signal of any of them. */
  constructor(
    world: World,
    own: Pick<StopRequest, 'signal'>,
    onAgreed: (signal: StopSignal) => void = () => {},
  ) {
    this.#world = world;
    this.#own = own;
    this.#onAgreed = onAgreed;
  }

  /** The signal by which all stop. */
  get signal(): StopSignal | undefined {
    return this.#world.size === 1 ? this.#own.signal : this.#agreed;
  }

  /** The items of all processes, as long as each of them has one. */
  async *together<T>(source: AsyncIterable<T>): AsyncGenerator<T, void> {
    if (this.#world.size === 1) {
      yield* source;
      return;
    }
    const iterator = source[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.all(() => iterator.next());
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  /** What `own` gives, once that of all processes has; throws where it fails in any of them. */
  async all<T>(own: () => Promise<T>): Promise<T> {
    if (this.#world.size === 1) return own();
    const [result] = await Promise.allSettled([own()]);
    const stop = this.#own.signal === undefined ? 0 : 1 + SIGNALS.indexOf(this.#own.signal);
    const agreed = await this.#world.agree({ stop, failed: result.status === 'rejected' });
    const before = this.#agreed;
    this.#agreed = SIGNALS[agreed.stop - 1];
    if (before === undefined && this.#agreed !== undefined) this.#onAgreed(this.#agreed);
    if (result.status === 'rejected') throw result.reason;
    if (agreed.failed === undefined) return result.value;
    throw new DataError(`${this.#world.names[agreed.failed]} cannot go on, for what it says.`);
  }
}
