import { UsageError } from '../errors.js';

/** A value that the command needs. */
export function required(value: string | null | undefined, flag: string, example: string): string {
  if (value !== null && value !== undefined) return value;
  throw new UsageError(`${flag} is missing, for example ${example}`);
}
