/** What a run on ImageNet came to, beside what was published of its network and recipe. */
import { isCentreCrop } from '../evaluate/imagenet.js';
import { type Interval, wilson } from '../evaluate/statistics.js';
import type { Scores } from '../session/metrics.js';
import { publishedBy } from '../settings/recipes/index.js';
import type { TrainRequest } from './start/request.js';

/** An accuracy in percent, its 95 % interval, and the published one. */
export interface Compared {
  readonly yours: number;
  readonly interval: Interval;
  readonly published: number;
}

export interface Verdict {
  readonly recipe: string;
  readonly protocol: string;
  readonly top1?: Compared;
  readonly top5?: Compared;
  /** Of top-1 where that was published: whether the interval holds it; null for another protocol. */
  readonly outcome: 'consistent' | 'better' | 'worse' | null;
}

/** The scores of a run, whose epochs are all done. */
export interface Achieved {
  readonly last: Scores;
  /** Of the averaged weights. */
  readonly average?: Scores | undefined;
}

/** Undefined where nothing was published of the network by the recipe. */
export function verdictOf(
  {
    settings,
    provenance,
    architecture,
  }: Pick<TrainRequest, 'settings' | 'provenance' | 'architecture'>,
  { last, average }: Achieved,
): Verdict | undefined {
  const { recipe } = settings;
  const published = publishedBy(recipe, architecture);
  if (published === undefined) return undefined;
  const scores = /averaged weights/.test(published.protocol) ? (average ?? last) : last;
  const compared = (place: 'top1' | 'top5'): Compared | undefined => {
    const value = published[place];
    if (value === undefined) return undefined;
    const hits = Math.round((scores[place] * scores.images) / 100);
    return { yours: scores[place], interval: wilson(hits, scores.images), published: value };
  };
  const [top1, top5] = [compared('top1'), compared('top5')];
  const view = ['input-size', 'resize-size'] as const;
  const changed = view.some((name) => {
    const source = provenance[name]?.source;
    return source === 'flag' || source === 'config';
  });
  const alike = !changed && isCentreCrop(published);
  return {
    recipe,
    protocol: published.protocol,
    ...(top1 && { top1 }),
    ...(top5 && { top5 }),
    outcome: alike ? outcomeOf((top1 ?? top5) as Compared) : null,
  };
}

/** For the end of a run: what was published, and what became of it. */
export function verdictLines({ recipe, protocol, top1, top5, outcome }: Verdict): string[] {
  const known = [
    ['Acc@1', top1],
    ['Acc@5', top5],
  ] as const;
  const text = (show: (compared: Compared) => string) =>
    known.flatMap(([name, compared]) => (compared ? [`${name} ${show(compared)}`] : [])).join(' ');
  const published = text((compared) => compared.published.toFixed(3));
  const yours = text(({ yours: value, interval: [low, high] }) => {
    return `${value.toFixed(3)} (95 %: ${low.toFixed(2)} to ${high.toFixed(2)})`;
  });
  return [
    `published, recipe ${recipe}: ${published} (${protocol})`,
    `yours: ${yours}: ${outcomeText(outcome)}`,
  ];
}

function outcomeText(outcome: Verdict['outcome']): string {
  switch (outcome) {
    case 'consistent':
      return 'consistent with it';
    case 'better':
      return 'better than published';
    case 'worse':
      return 'worse than published';
    case null:
      return 'by another protocol, so that the two do not compare; cnn eval has others';
  }
}

function outcomeOf({ interval: [low, high], published }: Compared): Verdict['outcome'] {
  if (published < low) return 'better';
  return published > high ? 'worse' : 'consistent';
}
