import { DataError } from '../errors.js';
import type { Answer, Answers } from './answers.js';
import { viewsOf } from './opened-evaluation.js';
import { type Interval, mcnemar, pairedDifference } from './statistics.js';

/** Two networks on the same images; accuracies in percent. */
export interface Comparison {
  /** That of both; where they differ, that of the first and that of the second. */
  readonly protocol: string;
  readonly images: number;
  readonly top1: Difference;
  readonly top5: Difference;
}

export interface Difference {
  readonly first: number;
  readonly second: number;
  /** The second less the first, in points, with its 95 % interval. */
  readonly difference: number;
  readonly interval: Interval;
  /** Images that only one of them has right. */
  readonly only_first: number;
  readonly only_second: number;
  /** McNemar's test: exact binomial, two-sided; and with half the weight of the outcome itself. */
  readonly p: number;
  readonly mid_p: number;
}

/** Answers by what was seen of an image, of one network or of several: those are what is compared. */
interface ByViews extends Answers {
  readonly stamps: ReadonlyMap<string, string>;
}

/**
 * Compares two networks, or ensembles of them, under each protocol. Throws a DataError where they saw other images, labels
 * or protocols, unless that is allowed: then the images that both have, with the same label, are
 * compared, and protocols in their order.
 */
export function compare(one: Answers, two: Answers, allowDifferences: boolean): Comparison[] {
  const [first, second] = [byViews(one), byViews(two)];
  if (!allowDifferences) checkAlike(first, second);
  const pairs = pairedProtocols(first, second, allowDifferences);
  return pairs.map(([views, others]) => {
    const [a, b] = [first.protocols.get(views), second.protocols.get(others)];
    const [stamp, other] = [first.stamps.get(views), second.stamps.get(others)] as [string, string];
    const both = [...(a ?? [])].flatMap(([image, answer]): [Answer, Answer][] => {
      const found = b?.get(image);
      return found?.label === answer.label ? [[answer, found]] : [];
    });
    if (both.length === 0) {
      throw new DataError(
        `Expected images that both have, but ${first.source} and ${second.source} have none`,
      );
    }
    return {
      protocol: stamp === other ? stamp : `${stamp} against ${other}`,
      images: both.length,
      top1: differenceOf(both, 'top1'),
      top5: differenceOf(both, 'top5'),
    };
  });
}

function byViews({ protocols, ...answers }: Answers): ByViews {
  const seen = new Map([...protocols.keys()].map((stamp) => [stamp, viewsOf(stamp)]));
  return {
    ...answers,
    protocols: new Map([...protocols].map(([stamp, found]) => [seen.get(stamp) ?? stamp, found])),
    stamps: new Map([...seen].map(([stamp, views]) => [views, stamp])),
  };
}

const ADVICE = 'or add --allow-differences, which compares the images that both have';

function checkAlike(first: Answers, second: Answers): void {
  if (first.fingerprint !== undefined && second.fingerprint !== undefined) {
    if (first.fingerprint !== second.fingerprint) {
      throw new DataError(
        `The images of ${first.source} and ${second.source} are not the same: name one dataset by --data, ${ADVICE}`,
      );
    }
  }
  const [names, others] = [[...first.protocols.keys()], [...second.protocols.keys()]];
  const missing = names.find((name) => !others.includes(name));
  const added = others.find((name) => !names.includes(name));
  if (missing !== undefined || added !== undefined) {
    const [with_, without] = missing === undefined ? [second, first] : [first, second];
    const has = [...without.protocols.keys()].join('; ');
    throw new DataError(
      `${with_.source} was evaluated by "${missing ?? added}", but ${without.source} only by "${has}": evaluate both alike, ${ADVICE}`,
    );
  }
  for (const name of names) checkImages(first, second, name);
}

function checkImages(first: Answers, second: Answers, protocol: string): void {
  const [a, b] = [first, second].map(({ protocols }) => protocols.get(protocol) ?? new Map()) as [
    ReadonlyMap<string, Answer>,
    ReadonlyMap<string, Answer>,
  ];
  for (const [one, other, own, its] of [
    [first, second, a, b] as const,
    [second, first, b, a] as const,
  ]) {
    for (const [image, { label }] of own) {
      const found = its.get(image);
      if (found?.label === label) continue;
      const how = found === undefined ? 'does not have it' : `has it as ${found.label}`;
      throw new DataError(
        `${one.source} has the image ${image} as ${label}, but ${other.source} ${how}: evaluate both on the same data, ${ADVICE}`,
      );
    }
  }
}

function pairedProtocols(
  { protocols: a }: Answers,
  { protocols: b }: Answers,
  inOrder: boolean,
): (readonly [string, string])[] {
  const [names, others] = [[...a.keys()], [...b.keys()]];
  const shared = names.filter((name) => b.has(name));
  if (shared.length > 0 || !inOrder) return shared.map((name) => [name, name]);
  return names.slice(0, others.length).map((name, place) => [name, others[place] as string]);
}

function differenceOf(
  both: readonly (readonly [Answer, Answer])[],
  hit: 'top1' | 'top5',
): Difference {
  const count = (is: (a: boolean, b: boolean) => boolean) =>
    both.filter(([a, b]) => is(a[hit], b[hit])).length;
  const onlyFirst = count((a, b) => a && !b);
  const onlySecond = count((a, b) => !a && b);
  const common = count((a, b) => a && b);
  const images = both.length;
  const { p, midP } = mcnemar(onlyFirst, onlySecond);
  return {
    first: (100 * (common + onlyFirst)) / images,
    second: (100 * (common + onlySecond)) / images,
    ...pairedDifference(onlyFirst, onlySecond, images),
    ...{ only_first: onlyFirst, only_second: onlySecond, p, mid_p: midP },
  };
}
