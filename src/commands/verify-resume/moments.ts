/** Moments of a training at which a process may be ended. */
import { basename, dirname, relative, sep } from 'node:path';
import { random } from '../../rng.js';
import type { FileChange } from '../../system/file-changes.js';

/**
 * The n-th time, from 1, that something happens: a step of training or of an evaluation, or a change
 * of a file of the run, such as "rename checkpoints/last".
 */
export interface Moment {
  readonly what: string;
  readonly time: number;
  /** Of a step: how far into the next one, as a share of the time of a step. */
  readonly within: number;
}

/** How often each thing happens in a training, in the order of its first time. */
export type Census = Readonly<Record<string, number>>;

export const STEP = 'step';
export const EVALUATION = 'evaluation';

/** The name of a change below a directory; files and directories that get another name are alike. */
export function nameOf({ act, path }: FileChange, root: string): string {
  const parts = relative(root, path).split(sep);
  const names = parts.map((part) => part.replace(/^\.cnn-.*\.partial$/, '<temporary>'));
  return `${act} ${names.join('/')}`;
}

/** Whether a change is one of the files below a directory. */
export function isBelow(path: string, root: string): boolean {
  return dirname(path).startsWith(root) && basename(path) !== '';
}

/** Shares of the kills that are in steps and in evaluations; the others are in saving. */
const SHARES = { [STEP]: 0.3, [EVALUATION]: 0.15 };

/** Draws moments; those of saving are spread over all that happens in it. */
export function drawMoments(census: Census, count: number, seed: number): Moment[] {
  const draw = random(seed, 'subset', count);
  const at = (what: string): Moment => {
    return { what, time: 1 + draw.below(census[what] ?? 1), within: draw.uniform() };
  };
  const changes = Object.keys(census).filter((what) => !(what in SHARES));
  const busy = Object.entries(SHARES).flatMap(([what, share]) => {
    return Array.from({ length: Math.round(share * count) }, () => at(what));
  });
  const saving = count - busy.length;
  const first = draw.uniform();
  const spread = Array.from({ length: saving }, (_, index) => {
    const place = Math.floor(((index + first) * changes.length) / saving);
    return at(changes[place] as string);
  });
  return shuffled([...busy, ...spread], () => draw.uniform());
}

function shuffled<T>(items: readonly T[], uniform: () => number): T[] {
  const keyed = items.map((item) => [uniform(), item] as const);
  return keyed.sort(([a], [b]) => a - b).map(([, item]) => item);
}
