/** How long the rest of an experiment takes, by what its runs took. */

/** A run that trains now. */
interface Running {
  readonly cell: string;
  readonly since: number;
  /** The part that is done, and the seconds to the end, once they are known. */
  share: number;
  secondsLeft: number | undefined;
}

/** The clock is in milliseconds. */
export class Forecast {
  readonly #jobs: number;
  readonly #now: () => number;
  /** Seconds of the finished runs of each cell. */
  readonly #taken = new Map<string, number[]>();
  /** Seconds that a probe expects of a run of each cell. */
  readonly #probed = new Map<string, number>();
  readonly #running = new Map<string, Running>();

  constructor(jobs: number, now = () => performance.now()) {
    this.#jobs = jobs;
    this.#now = now;
  }

  finished(cell: string, seconds: number): void {
    this.#taken.set(cell, [...(this.#taken.get(cell) ?? []), seconds]);
  }

  probed(cell: string, seconds: number): void {
    this.#probed.set(cell, seconds);
  }

  knows(cell: string): boolean {
    return this.#taken.has(cell) || this.#probed.has(cell);
  }

  begin(run: string, cell: string): void {
    this.#running.set(run, { cell, since: this.#now(), share: 0, secondsLeft: undefined });
  }

  advance(run: string, share: number, secondsLeft: number | undefined): void {
    const found = this.#running.get(run);
    if (found === undefined) return;
    found.share = share;
    found.secondsLeft = secondsLeft ?? found.secondsLeft;
  }

  /** Ends a run; `whole`: it was trained from its beginning to its end, and so is an example. */
  end(run: string, whole: boolean): void {
    const found = this.#running.get(run);
    this.#running.delete(run);
    if (found && whole) this.finished(found.cell, (this.#now() - found.since) / 1000);
  }

  /** Runs that are done, the parts of those that train included. */
  get runningShare(): number {
    return [...this.#running.values()].reduce((sum, { share }) => sum + share, 0);
  }

  /** Seconds to the end of these and of what trains now; undefined where nothing is known yet. */
  secondsLeft(waiting: readonly string[]): number | undefined {
    const running = [...this.#running.values()].map((run) => {
      const passed = (this.#now() - run.since) / 1000;
      const expected = this.#expected(run.cell);
      return run.secondsLeft ?? (expected === undefined ? undefined : expected - passed);
    });
    const all = [...running, ...waiting.map((cell) => this.#expected(cell))];
    if (all.some((seconds) => seconds === undefined)) return undefined;
    const seconds = (all as number[]).map((one) => Math.max(0, one));
    const sum = seconds.reduce((total, one) => total + one, 0);
    return Math.max(sum / this.#jobs, ...seconds);
  }

  /** Seconds of a run of a cell that was trained or probed. */
  ofRun(cell: string): number | undefined {
    return this.knows(cell) ? this.#expected(cell) : undefined;
  }

  /** Seconds of a run of a cell: as its others, as its probe, or as the mean of all that is known. */
  #expected(cell: string): number | undefined {
    const own = this.#taken.get(cell);
    if (own !== undefined) return mean(own);
    const probed = this.#probed.get(cell);
    if (probed !== undefined) return probed;
    const known = [...[...this.#taken.values()].map(mean), ...this.#probed.values()];
    return known.length === 0 ? undefined : mean(known);
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
