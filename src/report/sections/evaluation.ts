/** The parts of a page that a trained network makes. */
import type { ImageList } from '../../data/dataset.js';
import { imagenetWords } from '../../data/layouts/labels/imagenet-words.js';
import { nameBelow } from '../../data/selection.js';
import type { NetworkCard } from '../../session/network-card.js';
import { pngOf } from '../charts/pixels.js';
import { type Activations, activationsOf } from '../evaluation/activations.js';
import { classScores, pairsOf, shownImages, surestMistakes } from '../evaluation/confusions.js';
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
  /** What is not there, and why. */
  readonly missing: string | undefined;
}

const MISTAKES = 24;
const MISTAKE_SIDE = 128;

/** Pixels of a weight in the file of the filters. */
const FILTER_SCALE = 6;

/** `chosen` holds the image whose maps are shown; else it is the first one of the validation. */
export async function evaluationSections(
  network: OpenedNetwork,
  chosen: ImageList | undefined,
): Promise<EvaluationSections> {
  const { session, evaluated } = network;
  const names = classNames(session.card);
  const filters = firstFilters(session.model, session.card.channels);
  const known =
    typeof evaluated === 'object' ? await dataSections(network, evaluated, names) : undefined;
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
    missing:
      typeof evaluated === 'string'
        ? `There are no confusion matrix, classes and mistakes on this page: ${evaluated}`
        : undefined,
  };
}

/** Undefined where there is no image. */
async function activationsOfImage(
  network: OpenedNetwork,
  chosen: ImageList | undefined,
): Promise<Activations | undefined> {
  if (chosen !== undefined) return activationsOf(network, chosen, chosen.name(0));
  if (typeof network.evaluated === 'string') return undefined;
  const { val, root } = network.evaluated.dataset;
  return activationsOf(network, val.images, nameBelow(root, val.images, 0));
}

async function dataSections(
  { settings }: OpenedNetwork,
  evaluated: Evaluated,
  names: readonly string[],
): Promise<Omit<EvaluationSections, 'missing'>> {
  const pairs = pairsOf(evaluated);
  const { section, charts, png } = await confusion(evaluated, pairs, names, settings);
  const wrong = surestMistakes(evaluated, MISTAKES);
  const shown = await shownImages(evaluated, wrong, settings, MISTAKE_SIDE);
  return {
    sections: [
      section,
      classTable(classScores(evaluated, pairs), names),
      mistakes(evaluated, shown, names),
    ],
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
