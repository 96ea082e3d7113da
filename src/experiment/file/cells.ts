/** The cells of an experiment: all combinations of what varies, each checked as a training. */
import { isDeepStrictEqual } from 'node:util';
import { type Architecture, findArchitecture, withOptions } from '../../archs/index.js';
import { didYouMean } from '../../did-you-mean.js';
import { CnnError, UsageError } from '../../errors.js';
import { givenTexts, givenValue } from '../../settings/given.js';
import type { OptionName } from '../../settings/options/index.js';
import type { Resolved, SettingsSource } from '../../settings/resolve.js';
import { resolveTraining } from '../../settings/resolve-training.js';
import { type Axis, checkName, findValue, JOINT, type Placed, readSettings } from './axes.js';
import type { ExperimentFile } from './read.js';

/** What is trained once with each seed. */
export interface Cell {
  readonly name: string;
  /** Its value of each axis; none for a cell of "include". */
  readonly labels: Readonly<Record<string, string>>;
  /** What the file, the environment and flags give, weakest first. */
  readonly sources: readonly SettingsSource[];
  readonly architecture: Architecture;
  readonly resolved: Resolved<'train'>;
  /** Null where the file leaves it to a flag. */
  readonly data: string | null;
}

type Draft = Pick<Cell, 'name' | 'labels'> & { readonly settings: Placed };

/** `given`: settings of this start of the program, which are stronger than those of the file. */
export function readCells(
  file: ExperimentFile,
  axes: readonly Axis[],
  given: readonly SettingsSource[],
): Cell[] {
  const base = readSettings(file, file.shape.settings ?? {}, ['settings']);
  const drafts = [...combinations(file, axes), ...included(file)].map((draft) => ({
    ...draft,
    settings: joined(base, draft.settings),
  }));
  checkNames(file, drafts);
  const cells = drafts.map((draft) => checkedCell(file, draft, given));
  for (const [index, cell] of cells.entries()) {
    const other = cells.slice(0, index).find((before) => isSame(before, cell));
    if (other === undefined) continue;
    throw new UsageError(
      `${file.place(['axes'], 'key')}: the cells "${other.name}" and "${cell.name}" have the same settings`,
    );
  }
  return cells;
}

function isSame(one: Cell, other: Cell): boolean {
  return isDeepStrictEqual(one.resolved.settings, other.resolved.settings);
}

function joined(a: Placed, b: Placed): Placed {
  return { values: { ...a.values, ...b.values }, places: { ...a.places, ...b.places } };
}

const NOTHING: Placed = { values: {}, places: {} };

function combinations(file: ExperimentFile, axes: readonly Axis[]): Draft[] {
  if (axes.length === 0) return soleCell(file);
  let drafts: Draft[] = [{ name: '', labels: {}, settings: NOTHING }];
  for (const { name: axis, values } of axes) {
    drafts = drafts.flatMap(({ name, labels, settings }) =>
      values.map((value) => ({
        name: name === '' ? value.label : `${name}${JOINT}${value.label}`,
        labels: { ...labels, [axis]: value.label },
        settings: joined(settings, value),
      })),
    );
  }
  const rules = exclusions(file, axes);
  const kept = drafts.filter(({ labels }) => !rules.some((rule) => matches(rule, labels)));
  if (kept.length > 0) return kept;
  throw new UsageError(`${file.place(['exclude'])}: "exclude" leaves no cell`);
}

/** The cell of a file in which nothing varies; none where "include" names cells. */
function soleCell({ shape }: ExperimentFile): Draft[] {
  if (Object.keys(shape.include ?? {}).length > 0) return [];
  return [{ name: String(shape.settings?.['arch'] ?? 'cell'), labels: {}, settings: NOTHING }];
}

/** The labels of each axis that a combination must have to be left out. */
type Rule = Readonly<Record<string, readonly string[]>>;

function exclusions(file: ExperimentFile, axes: readonly Axis[]): Rule[] {
  return (file.shape.exclude ?? []).map((rule, index) => {
    const entries = Object.entries(rule).map(([name, words]) => {
      const axis = axes.find((candidate) => candidate.name === name);
      const path = ['exclude', index, name];
      if (axis === undefined) {
        const hint = didYouMean(
          name,
          axes.map((known) => known.name),
        );
        throw new UsageError(`${file.place(path, 'key')}: there is no axis "${name}".${hint}`);
      }
      const labels = [words].flat().map((word) => {
        const value = findValue(axis, word);
        if (value !== undefined) return value.label;
        const known = axis.values.map(({ label }) => label);
        throw new UsageError(
          `${file.place(path)}: the axis "${name}" has no "${word}", but ${known.join(', ')}`,
        );
      });
      return [name, labels] as const;
    });
    return Object.fromEntries(entries);
  });
}

function matches(rule: Rule, labels: Cell['labels']): boolean {
  return Object.entries(rule).every(([axis, excluded]) => excluded.includes(labels[axis] ?? ''));
}

function included(file: ExperimentFile): Draft[] {
  return Object.entries(file.shape.include ?? {}).map(([name, settings]) => {
    checkName(name, file.place(['include', name], 'key'));
    return { name, labels: {}, settings: readSettings(file, settings, ['include', name]) };
  });
}

function checkNames(file: ExperimentFile, drafts: readonly Draft[]): void {
  const seen = new Set<string>();
  for (const { name } of drafts) {
    if (seen.has(name)) {
      const place = file.place(['include', name], 'key');
      throw new UsageError(`${place}: there are two cells "${name}": give one another name`);
    }
    seen.add(name);
  }
}

/** The cell, if `cnn train` would take its settings. */
function checkedCell(file: ExperimentFile, draft: Draft, given: Cell['sources']): Cell {
  const { values, places } = draft.settings;
  const own: SettingsSource = { values, source: 'config', where: (name) => places[name] };
  const sources = [own, ...given];
  try {
    const data = givenValue(sources, 'data');
    const arch = givenValue(sources, 'arch');
    if (arch === null) throw new UsageError('give "arch" in "settings" or on an axis');
    const options = givenTexts(sources, 'arch-options');
    const architecture = withOptions(findArchitecture(arch), options);
    const resolved = resolveTraining(architecture, sources);
    const { name, labels } = draft;
    return { name, labels, sources, architecture, resolved, data };
  } catch (error) {
    if (!(error instanceof CnnError)) throw error;
    throw new UsageError(`${placeOf(error, draft, file)}: cell "${draft.name}": ${error.message}`, {
      cause: error,
    });
  }
}

/** The place of the setting that an error names first, if the file gives it. */
function placeOf({ message }: Error, { settings, labels }: Draft, file: ExperimentFile): string {
  const named = [...message.matchAll(/--([a-z][a-z0-9-]*)/g)].map(([, name]) => name as OptionName);
  const option = [...named, 'arch' as const].find((name) => settings.places[name] !== undefined);
  if (option !== undefined) return settings.places[option] as string;
  return file.place([Object.keys(labels).length === 0 ? 'settings' : 'axes'], 'key');
}
