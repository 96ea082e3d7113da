import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findArchitecture } from '../archs/index.js';
import { catalogue } from '../data/catalogue/catalogue.js';
import { UsageError } from '../errors.js';
import type { OptionName } from '../settings/options.js';
import type { WordPlace } from './command.js';

/** What a word without a flag may be, asked in this order. */
const KINDS: readonly { readonly place: WordPlace; readonly is: (word: string) => boolean }[] = [
  { place: 'data', is: (word) => catalogue.some(({ name }) => name === word) },
  { place: 'arch', is: isNetwork },
  { place: 'checkpoint', is: isCheckpoint },
  { place: 'data', is: existsSync },
  { place: 'checkpoint', is: (word) => word.includes('/') },
  { place: 'data', is: (word) => word.includes('/') },
];

/**
 * The flag that a word without one stands for, among those that the command takes as words and that
 * are not given already. Throws a UsageError where there is no place for it.
 */
export function placeOf(
  word: string,
  places: readonly WordPlace[],
  taken: readonly OptionName[],
): WordPlace {
  const known = KINDS.find(({ place, is }) => places.includes(place) && is(word))?.place;
  const free = places.filter((place) => !taken.includes(place));
  const place = known ?? free[0];
  if (place !== undefined && free.includes(place)) return place;
  const expected = places.map((name) => `--${name}`).join(' and ');
  const why = place === undefined ? 'all are given already' : `--${place} is given already`;
  throw new UsageError(`Unexpected argument "${word}": words stand for ${expected}, and ${why}`);
}

function isNetwork(word: string): boolean {
  try {
    return findArchitecture(word) !== undefined;
  } catch {
    return false;
  }
}

/** The directory of a run or of one of its checkpoints. */
function isCheckpoint(word: string): boolean {
  return ['run.json', 'state.json'].some((name) => existsSync(join(word, name)));
}
