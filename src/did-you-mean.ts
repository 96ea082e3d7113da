import { closestMatch } from 'leven';

/**
 * The candidate with the fewest edits from `word`, upper and lower case being the same, if there
 * are few enough of them for a typing error. One letter is never a candidate: it is near to every
 * short word.
 */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  const known = new Map<string, string>();
  for (const candidate of candidates) {
    if (candidate.length > 1) known.set(candidate.toLowerCase(), candidate);
  }
  const maxDistance = Math.max(2, Math.floor(word.length / 3));
  const match = closestMatch(word.toLowerCase(), [...known.keys()], { maxDistance });
  // With all letters changed it is another word.
  if (match === undefined || sharesNothing(word.toLowerCase(), match)) return undefined;
  return known.get(match);
}

function sharesNothing(word: string, match: string): boolean {
  return ![...word].some((letter) => match.includes(letter));
}

/** ` Did you mean "…"?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>, prefix = ''): string {
  const name = closest(word, candidates);
  return name === undefined ? '' : ` Did you mean "${prefix}${name}"?`;
}
