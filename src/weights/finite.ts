/** Weights that are NaN or infinite: no network gives a result with them. */
import { DataError } from '../errors.js';
import { listed } from './listed.js';

/** The name of a tensor with the number of its values that are not finite; undefined for none. */
export function describeNotFinite(name: string, values: Float32Array): string | undefined {
  // Zero times a number is zero, and NaN where that is not finite: several times as fast.
  let zero = 0;
  for (const value of values) zero += 0 * value;
  if (zero === 0) return undefined;
  let count = 0;
  let first = 0;
  for (let index = 0; index < values.length; index++) {
    if (Number.isFinite(values[index])) continue;
    if (count++ === 0) first = values[index] as number;
  }
  return `${name} (${count} of ${values.length} values, the first is ${first})`;
}

/** Throws a DataError that lists the tensors, as described, if there are any. */
export function refuseNotFinite(
  what: string,
  found: readonly (string | undefined)[],
  advice = '',
): void {
  const tensors = found.filter((tensor) => tensor !== undefined);
  if (tensors.length === 0) return;
  throw new DataError(`${what} cannot be used:${listed('not finite', tensors)}${advice}`);
}
