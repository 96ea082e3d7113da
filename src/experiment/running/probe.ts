import { firstLine } from '../../errors.js';
import type { Forecast } from './forecast.js';
import type { PlannedRun } from './runs.js';
import type { Failure, Running, Task } from './trainer.js';

type Probing = Pick<Running, 'trainer' | 'reporter' | 'stopped' | 'jobs'>;

/**
 * Measures the first steps of cells of which no run is finished. A cell that fails here would fail
 * in each of its runs, so that its name is that of a failure.
 */
export async function probeCells(
  tasks: readonly Task[],
  forecast: Forecast,
  { trainer, reporter, stopped, jobs }: Probing,
): Promise<Failure[]> {
  const first = new Map(
    tasks.map(({ run }) => [run.cell.name, run]).reverse() as [string, PlannedRun][],
  );
  const unknown = [...first.values()].filter(({ cell }) => !forecast.knows(cell.name)).reverse();
  if (unknown.length === 0) return [];
  const failures: Failure[] = [];
  let done = 0;
  reporter.begin('first steps of the cells', unknown.length);
  async function work(): Promise<void> {
    for (let run = unknown.shift(); run !== undefined && !stopped(); run = unknown.shift()) {
      const { cell, seed } = run;
      try {
        forecast.probed(cell.name, await trainer.probe(cell, seed));
      } catch (error) {
        if (stopped()) return;
        failures.push({ name: cell.name, error: error as Error });
        reporter.warn(`the cell ${cell.name} fails: ${firstLine(error)}`);
      }
      reporter.advance(++done);
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, unknown.length) }, work));
  reporter.end();
  return failures;
}
