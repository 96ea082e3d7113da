/** A question that is answered by training: its cells, and which of them are compared. */
import { didYouMean } from '../../did-you-mean.js';
import { UsageError } from '../../errors.js';
import type { SettingsSource } from '../../settings/resolve.js';
import { checkValues } from '../../settings/validate.js';
import { readAxes } from './axes.js';
import { type Cell, readCells } from './cells.js';
import type { Measure } from './format.js';
import { type ExperimentFile, readExperimentFile } from './read.js';

export interface Experiment {
  /** The directory of the question. */
  readonly directory: string;
  /** The file that was read. */
  readonly file: string;
  readonly title: string;
  readonly claim: string;
  readonly source: string;
  readonly axes: readonly string[];
  readonly seeds: readonly number[];
  readonly cells: readonly Cell[];
  /** Names of cells, whose difference is the second less the first. */
  readonly pairs: readonly (readonly [first: string, second: string])[];
  readonly measures: readonly Measure[];
  /** Whether cells of different data or protocols are compared too. */
  readonly mixed: boolean;
  /** Names of cells whose runs are also evaluated as one network. */
  readonly ensembles: readonly string[];
}

/** `given`: settings of this start of the program, which are stronger than those of the file. */
export async function openExperiment(
  directory: string,
  name?: string,
  given: readonly SettingsSource[] = [],
): Promise<Experiment> {
  const file = await readExperimentFile(directory, name);
  const { title, claim, source, seeds, measures = ['top1'], mixed = false } = file.shape;
  checkSeeds(file);
  const axes = readAxes(file);
  const cells = readCells(file, axes, given);
  return {
    ...{ directory, file: file.path, title, claim, source, seeds, cells, measures, mixed },
    axes: axes.map((axis) => axis.name),
    pairs: readPairs(file, cells),
    ensembles: readEnsembles(file, cells),
  };
}

function checkSeeds({ shape: { seeds }, place }: ExperimentFile): void {
  for (const [index, seed] of seeds.entries()) {
    const where = place(['seeds', index]);
    checkValues('train', { seed }, where);
    if (seeds.indexOf(seed) < index) throw new UsageError(`${where}: the seed ${seed} comes twice`);
  }
}

function readPairs(file: ExperimentFile, cells: readonly Cell[]): [string, string][] {
  const { compare = [] } = file.shape;
  if (Array.isArray(compare)) {
    return compare.map((pair, index) => {
      const [first, second] = pair.map((name, place) =>
        knownCell(file, cells, name, ['compare', index, place]),
      ) as [string, string];
      if (first !== second) return [first, second];
      const where = file.place(['compare', index]);
      throw new UsageError(`${where}: expected two cells but received "${first}" twice`);
    });
  }
  if ('baseline' in compare) {
    const first = knownCell(file, cells, compare.baseline, ['compare', 'baseline']);
    return cells.filter(({ name }) => name !== first).map(({ name }) => [first, name]);
  }
  return alongAxis(file, cells, compare.axis);
}

/** The first value of an axis with each other one, all other axes being the same. */
function alongAxis(file: ExperimentFile, cells: readonly Cell[], axis: string): [string, string][] {
  const known = Object.keys(file.shape.axes ?? {});
  if (!known.includes(axis)) {
    const where = file.place(['compare', 'axis']);
    throw new UsageError(`${where}: there is no axis "${axis}".${didYouMean(axis, known)}`);
  }
  const firsts = new Map<string, string>();
  return cells.flatMap(({ name, labels }): [string, string][] => {
    if (labels[axis] === undefined) return [];
    const rest = JSON.stringify({ ...labels, [axis]: null });
    const first = firsts.get(rest);
    if (first !== undefined) return [[first, name]];
    firsts.set(rest, name);
    return [];
  });
}

function readEnsembles(file: ExperimentFile, cells: readonly Cell[]): string[] {
  const { ensemble = [], seeds } = file.shape;
  if (ensemble !== true && ensemble.length === 0) return [];
  if (seeds.length < 2) {
    const where = file.place(['ensemble'], 'key');
    throw new UsageError(`${where}: expected two or more "seeds" for an ensemble but received one`);
  }
  const names =
    ensemble === true
      ? cells.map(({ name }) => name)
      : ensemble.map((name, index) => knownCell(file, cells, name, ['ensemble', index]));
  const drawn = cells.find(({ name, resolved: { settings } }) => {
    return names.includes(name) && settings.valFraction !== null;
  });
  if (drawn === undefined) return names;
  throw new UsageError(
    `${file.place(['ensemble'], 'key')}: each run of "${drawn.name}" draws other validation images (val-fraction), which the others were trained on: give data with validation images of its own`,
  );
}

function knownCell(
  { place }: ExperimentFile,
  cells: readonly Cell[],
  name: string,
  path: readonly PropertyKey[],
): string {
  const known = cells.map((cell) => cell.name);
  if (known.includes(name)) return name;
  const hint = didYouMean(name, known) || ` Cells are ${known.join(', ')}`;
  throw new UsageError(`${place(path)}: there is no cell "${name}".${hint}`);
}
