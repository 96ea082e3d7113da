/**
 * An error whose message is meant for the person at the terminal, with the exit code it ends in.
 */
export class CnnError extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The run itself failed: exit 1. */
export class RunError extends CnnError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 1, options);
  }
}

/** A device has less memory than was asked of it. */
export class OutOfMemoryError extends RunError {}

/** Another process of a training does not answer. */
export class LostProcessError extends RunError {
  constructor(
    /** What was noticed, as a sentence without its end. */
    readonly what: string,
    readonly rank: number,
    options?: ErrorOptions,
    where = '',
    run = 'RUN',
  ) {
    const end = `The processes train together, so all end; go on with: cnn train --resume ${run}`;
    super(`${what}${where}. ${end}`, options);
  }

  /** Which of the others says so. */
  get speaker(): number {
    return this.rank === 0 ? 1 : 0;
  }

  /** It with the place in a run. */
  after(step: number, run: string): LostProcessError {
    return new LostProcessError(
      this.what,
      this.rank,
      { cause: this.cause },
      ` after step ${step}`,
      run,
    );
  }
}

/** What the addon says of other processes, as an error for people; undefined where it is another one. */
export function lostProcess(cause: Error): LostProcessError | undefined {
  const [, what, rank] =
    /((?:nothing came from|the connection with) rank (\d+).*)/.exec(cause.message) ?? [];
  if (what === undefined) return undefined;
  const sentence = what.charAt(0).toUpperCase() + what.slice(1);
  return new LostProcessError(sentence, Number(rank), { cause });
}

/** A wrong flag, name or combination of settings: exit 2. */
export class UsageError extends CnnError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 2, options);
  }
}

/** A dataset, image or checkpoint that is missing, damaged or does not fit: exit 3. */
export class DataError extends CnnError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 3, options);
  }
}

/** The loss stopped being a finite number: exit 4. */
export class DivergedError extends CnnError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 4, options);
  }
}

/** What an error says, without what it lists below that. */
export function firstLine(error: unknown): string {
  return (error as Error).message.split('\n')[0] as string;
}
