/** The parts of a page that a trained network makes. */
import type { ImageList } from '../../data/dataset.js';
import { imagenetWords } from '../../data/layouts/labels/imagenet-words.js';
import { nameBelow } from '../../data/selection.js';
import type { NetworkCard } from '../../session/network-card.js';
import { pngOf } from '../charts/pixels.js';
import { type Activations, activationsOf } from '../evaluation/activations.js';
import {
  type ClassScores,
  classScores,
  MOST_THUMBNAILS,
  pairsOf,
  shownImages,
  surestMistakes,
} from '../evaluation/confusions.js';
import { firstFilters } from '../evaluation/filters.js';
import type { Evaluated, OpenedNetwork } from '../evaluation/network.js';
import type { Section } from '../page/page.js';
import { confusion } from './confusion.js';
import type { NamedChart } from './curves.js';
import { activationSection, classTable, filterSection, mistakes } from './network.js';

export interface EvaluationSections {
  readonly sections: Section[];
  readonly charts: readonly NamedChart[];
  readonly pngs: readonly { readonly name: string; readonly bytes: Buffer }[];
  /** Of each class; undefined where nothing was evaluated. */
  readonly scores: readonly ClassScores[] | undefined;
  /** What people call the classes. */
  readonly names: readonly string[];
  /** What is not there, and why. */
  readonly missing: string | undefined;
}

/** How many images a page holds of a network. */
export interface Budget {
  readonly thumbnails: number;
  readonly mistakes: number;
}

export const WHOLE_PAGE: Budget = { thumbnails: MOST_THUMBNAILS, mistakes: 24 };

const MISTAKE_SIDE = 128;

/** Pixels of a weight in the file of the filters. */
const FILTER_SCALE = 6;

/**
 * `chosen` holds the image whose maps are shown; else it is the first one of the validation, and
 * with `none` there are no maps.
 */
export async function evaluationSections(
  network: OpenedNetwork,
  chosen: ImageList | 'first' | 'none',
  budget: Budget = WHOLE_PAGE,
): Promise<EvaluationSections> {
  const { session, evaluated } = network;
  const names = classNames(session.card);
  const filters = firstFilters(session.model, session.card.channels);
  const known =
    typeof evaluated === 'object'
      ? await dataSections(network, evaluated, names, budget)
      : undefined;
  const activations = await activationsOfImage(network, chosen);
  const filterPng = filters && {
    name: 'filters',
    bytes: await pngOf(filters.pixels, FILTER_SCALE),
  };
  return {
    sections: [
      ...(known?.sections ?? []),
      await filterSection(filters),
      ...(activations ? [await activationSection(activations, names)] : []),
    ],
    charts: known?.charts ?? [],
    pngs: [...(known?.pngs ?? []), ...(filterPng ? [filterPng] : [])],
    ...{ scores: known?.scores, names },
    missing:
      typeof evaluated === 'string'
        ? `There are no confusion matrix, classes and mistakes on this page: ${evaluated}`
        : undefined,
  };
}

/** Undefined where there is no image. */
async function activationsOfImage(
  network: OpenedNetwork,
  chosen: ImageList | 'first' | 'none',
): Promise<Activations | undefined> {
  if (typeof chosen === 'object') return activationsOf(network, chosen, chosen.name(0));
  if (chosen === 'none' || typeof network.evaluated === 'string') return undefined;
  const { val, root } = network.evaluated.dataset;
  return activationsOf(network, val.images, nameBelow(root, val.images, 0));
}

async function dataSections(
  { settings }: OpenedNetwork,
  evaluated: Evaluated,
  names: readonly string[],
  budget: Budget,
): Promise<Omit<EvaluationSections, 'missing' | 'names'>> {
  const pairs = pairsOf(evaluated);
  const { section, charts, png } = await confusion(
    evaluated,
    pairs,
    names,
    settings,
    budget.thumbnails,
  );
  const wrong = surestMistakes(evaluated, budget.mistakes);
  const shown = await shownImages(evaluated, wrong, settings, MISTAKE_SIDE);
  const scores = classScores(evaluated, pairs);
  return {
    scores,
    sections: [section, classTable(scores, names), mistakes(evaluated, shown, names)],
    charts,
    pngs: png ? [{ name: 'confusion', bytes: png }] : [],
  };
}

/** What people call the classes: the first of their words, else their folders. */
function classNames({ classes, words }: NetworkCard): string[] {
  return classes.map((name, label) => {
    const known = words?.[label] ?? imagenetWords(name);
    return known.split(',')[0] || name;
  });
}
