import { readFileSync } from 'node:fs';

/** What goldens.py wrote; the meaning of a row's numbers stands there. */
export interface Goldens {
  readonly crops: readonly Row[];
  readonly centres: readonly Row[];
  readonly boxes: readonly Row[];
  readonly alphas: readonly number[];
  readonly normalised: readonly number[];
  readonly boxMoments: { readonly image: readonly number[]; readonly means: readonly number[] };
}

/** Numbers, and at the end the SHA-256 of the pixels. */
type Row = readonly (number | string)[];

export function readGoldens(): Goldens {
  return JSON.parse(readFileSync(new URL('goldens.json', import.meta.url), 'utf8'));
}
