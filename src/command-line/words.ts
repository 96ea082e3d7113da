import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findArchitecture } from '../archs/index.js';
import type { Place } from '../commands/command.js';
import { catalogue } from '../data/catalogue/catalogue.js';
import { UsageError } from '../errors.js';

interface Kind {
  readonly place: Place;
  readonly is: (word: string) => boolean;
}

/** What a word without a flag is, asked in this order. */
const KNOWN: readonly Kind[] = [
  { place: 'data', is: (word) => catalogue.some(({ name }) => name === word) },
  { place: 'arch', is: isNetwork },
  { place: 'checkpoint', is: isCheckpoint },
];

/** What other words are taken for where they cannot be operands. */
const LIKELY: readonly Kind[] = [
  { place: 'data', is: existsSync },
  { place: 'checkpoint', is: (word) => word.includes('/') },
  { place: 'data', is: (word) => word.includes('/') },
];

/**
 * Finds the flag that each word stands for, among those that are not given already. Words that can
 * be told by what they name come first, so that a misspelled one gets the place that is left.
 * Throws a UsageError for a word without a place, unless it may be an operand.
 */
export function sortWords(
  words: readonly string[],
  places: readonly Place[],
  taken: ReadonlySet<string>,
  hasOperands: boolean,
): { named: ReadonlyMap<string, string>; rest: readonly string[] } {
  const named = new Map<string, string>();
  const isFree = (place: Place) => !taken.has(place) && !named.has(place);
  function assign(candidates: readonly string[], kinds: readonly Kind[]): string[] {
    const others: string[] = [];
    for (const word of candidates) {
      const place = kinds.find((kind) => places.includes(kind.place) && kind.is(word))?.place;
      if (place !== undefined && isFree(place)) named.set(place, word);
      else if (place === undefined || hasOperands) others.push(word);
      else throw noPlace(word, places, `--${place} is given already`);
    }
    return others;
  }
  const unknown = assign(words, KNOWN);
  if (hasOperands) return { named, rest: unknown };
  for (const word of assign(unknown, LIKELY)) {
    const place = places.find(isFree);
    if (place === undefined) throw noPlace(word, places, 'all are given already');
    named.set(place, word);
  }
  return { named, rest: [] };
}

function noPlace(word: string, places: readonly Place[], why: string): UsageError {
  const expected = places.map((name) => `--${name}`).join(' and ');
  return new UsageError(`Unexpected argument "${word}": words stand for ${expected}, and ${why}`);
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
