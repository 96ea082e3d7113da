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
