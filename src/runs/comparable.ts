import type { RunRecord } from './run-directory.js';

type Data = RunRecord['data'];

/**
 * Whether two runs drew their training images from one dataset and were evaluated on the same images.
 * Which images `--subset` drew is a matter of the seed; the first runs do not say what else is the
 * same where those differ.
 */
export function sameImages(one: Data, other: Data): boolean {
  if (one.fingerprint === other.fingerprint) return true;
  return one.evaluation !== undefined && one.evaluation === other.evaluation;
}
