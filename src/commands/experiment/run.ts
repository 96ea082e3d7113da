import { UsageError } from '../../errors.js';
import { type Experiment, openExperiment } from '../../experiment/experiment.js';
import { CELL_OPTIONS } from '../../experiment/format.js';
import { type Given, givenSources } from '../../settings/given.js';
import { resolveSettings, type SettingsSource } from '../../settings/resolve.js';
import { table } from '../../terminal/table.js';
import type { Result } from '../command.js';

export async function runExperimentRun(given: Given): Promise<Result> {
  const sources = await givenSources('experiment-run', given);
  const { file, dryRun } = resolveSettings('experiment-run', sources).settings;
  const experiment = await openExperiment(
    String(given['directory']),
    file,
    sources.map(ofTraining),
  );
  if (!dryRun) throw new UsageError('Expected --dry-run: training of cells is not there yet');
  return { lines: cellLines(experiment), json: cellFacts(experiment) };
}

/** The settings that a training takes too. */
function ofTraining(source: SettingsSource): SettingsSource {
  const entries = Object.entries(source.values).filter(([name]) => {
    return (CELL_OPTIONS as readonly string[]).includes(name);
  });
  return { ...source, values: Object.fromEntries(entries) };
}

function cellLines({ title, cells, seeds, axes }: Experiment): string[] {
  const header = ['cell', ...axes];
  const rows = cells.map(({ name, labels }) => [name, ...axes.map((axis) => labels[axis] ?? '')]);
  const alignment = header.map(() => 'left' as const);
  const count = cells.length * seeds.length;
  return [
    `${title}: ${cells.length} cells, ${count} runs with the seeds ${seeds.join(', ')}`,
    '',
    ...table([header, ...rows], { alignment }),
  ];
}

function cellFacts({ title, cells, seeds, pairs }: Experiment) {
  const shown = cells.map(({ name, labels }) => ({ name, labels }));
  return { title, seeds, cells: shown, pairs };
}
