/** Which classes are taken for which, and the images that say it best. */

import { decodeOptionsOf } from '../../data/decode/decode-options.js';
import { nameBelow } from '../../data/selection.js';
import { type Interval, wilson } from '../../evaluate/statistics.js';
import type { Evaluated, ReadSettings } from './network.js';
import { thumbnail } from './thumbnail.js';

/** The images of one class that were given one class, the surest first. */
export interface Pair {
  readonly label: number;
  readonly guess: number;
  readonly images: readonly number[];
}

/** Figures of one class; accuracies in percent. */
export interface ClassScores {
  readonly label: number;
  readonly images: number;
  readonly top1: number;
  readonly interval: Interval;
  readonly top5: number;
  /** Share of the images given this class that are of it; undefined where none was. */
  readonly precision: number | undefined;
  /** What it is most often taken for, and how often. */
  readonly mistaken: { readonly guess: number; readonly images: number } | undefined;
}

/** An image on the page. */
export interface Shown {
  readonly source: string;
  /** Below the root of the dataset. */
  readonly name: string;
  /** Of the class that the network gave it. */
  readonly probability: number;
}

/** Side of a thumbnail in pixels, and how many of them a page holds: about 1.5 KB each. */
const SIDE = 72;
export const MOST_THUMBNAILS = 400;
/** Of one pair of classes. */
export const MOST_OF_PAIR = 6;

/** Pairs that occur, by label and guess. */
export function pairsOf({ outcomes, dataset }: Evaluated): Pair[] {
  const found = new Map<number, number[]>();
  const count = dataset.classes.length;
  for (const [image, label] of outcomes.labels.entries()) {
    const [guess] = outcomes.topOf(image);
    if (guess === undefined) continue;
    const pair = label * count + guess;
    const images = found.get(pair);
    if (images === undefined) found.set(pair, [image]);
    else images.push(image);
  }
  const sureness = (image: number) => outcomes.probability[image] as number;
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([pair, images]) => ({
      label: Math.floor(pair / count),
      guess: pair % count,
      images: images.sort((a, b) => sureness(b) - sureness(a)),
    }));
}

export function classScores({ outcomes, dataset }: Evaluated, pairs: readonly Pair[]) {
  const mistakes = new Map<number, Pair>();
  for (const pair of pairs) {
    if (pair.guess === pair.label) continue;
    const known = mistakes.get(pair.label)?.images.length ?? 0;
    if (pair.images.length > known) mistakes.set(pair.label, pair);
  }
  const counts = outcomes.byClass(dataset.classes.length);
  return counts.map(({ images, top1, top5, predicted }, label): ClassScores => {
    const mistaken = mistakes.get(label);
    return {
      ...{ label, images },
      top1: images === 0 ? 0 : (100 * top1) / images,
      interval: wilson(top1, images),
      top5: images === 0 ? 0 : (100 * top5) / images,
      precision: predicted === 0 ? undefined : (100 * top1) / predicted,
      mistaken: mistaken && { guess: mistaken.guess, images: mistaken.images.length },
    };
  });
}

/** The images that the network is surest of and wrong about. */
export function surestMistakes({ outcomes }: Evaluated, most: number): number[] {
  const wrong = [...outcomes.labels.keys()].filter((image) => (outcomes.rank[image] as number) > 0);
  const sureness = (image: number) => outcomes.probability[image] as number;
  return wrong.sort((a, b) => sureness(b) - sureness(a)).slice(0, most);
}

/**
 * The images that a page shows of the pairs, by their number: first one of each mistake, then the
 * second of each; what is right comes after them.
 */
export function chosenImages(pairs: readonly Pair[], most = MOST_THUMBNAILS): number[] {
  const bySize = [...pairs].sort((a, b) => b.images.length - a.images.length);
  const mistakes = bySize.filter(({ label, guess }) => label !== guess);
  const right = bySize.filter(({ label, guess }) => label === guess);
  const rounds = [mistakes, right].flatMap((list) =>
    Array.from({ length: MOST_OF_PAIR }, (_, round) =>
      list.flatMap(({ images }) => images[round] ?? []),
    ),
  );
  return rounds.flat().slice(0, most);
}

export async function shownImages(
  { dataset, outcomes }: Evaluated,
  images: readonly number[],
  settings: ReadSettings,
  side = SIDE,
): Promise<Map<number, Shown>> {
  const reading = decodeOptionsOf(settings);
  const shown = new Map<number, Shown>();
  for (const image of images) {
    const source = await thumbnail(dataset.val.images, image, side, reading);
    if (source === undefined) continue;
    const name = nameBelow(dataset.root, dataset.val.images, image);
    shown.set(image, { source, name, probability: outcomes.probability[image] as number });
  }
  return shown;
}
