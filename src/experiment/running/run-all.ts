/** Trains the runs of an experiment, some at a time; those that fail do not stop the others. */
import { firstLine } from '../../errors.js';
import { Forecast } from './forecast.js';
import { probeCells } from './probe.js';
import type { Failure, Running, Task, Trained } from './trainer.js';
import { createView } from './view.js';

export interface Ran {
  readonly trained: readonly (Trained & { readonly name: string })[];
  readonly failures: readonly Failure[];
}

/** Trains all of them; the order in which they begin is that of the list. */
export async function runAll(tasks: readonly Task[], running: Running): Promise<Ran> {
  const { jobs, trainer, reporter, stopped } = running;
  const forecast = new Forecast(jobs);
  for (const { cell, seconds } of running.known) forecast.finished(cell, seconds);
  const failures = [...(await probeCells(tasks, forecast, running))];
  const broken = new Set(failures.map(({ name }) => name));
  const waiting = tasks.filter(({ run }) => !broken.has(run.cell.name));
  const trained: (Trained & { name: string })[] = [];
  const total = running.done + tasks.length;
  const view = createView(forecast, waiting, { reporter, total, before: running.done });
  const expected = view.timeText();
  if (waiting.length > 0 && expected !== '') reporter.note(`time     ${expected}`);

  async function work(): Promise<void> {
    for (let task = waiting.shift(); task !== undefined && !stopped(); task = waiting.shift()) {
      const { run, resume } = task;
      view.begin(run);
      try {
        const result = await trainer.train(run, resume, (seen) => view.advance(run, seen));
        trained.push({ ...result, name: run.name });
        view.finish(run, !resume);
        const count = `[${running.done + trained.length}/${total}]`;
        reporter.note(`${count} ${run.name}: ${scoreText(result)}${view.timeText('; ')}`);
      } catch (error) {
        view.fail(run);
        if (stopped()) return;
        failures.push({ name: run.name, error: error as Error });
        reporter.warn(`${run.name} failed: ${firstLine(error)}`);
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(jobs, waiting.length) }, work));
  reporter.end();
  return { trained, failures };
}

function scoreText({ top1, top5, loss }: Trained): string {
  return `loss ${loss.toFixed(4)} Acc@1 ${top1.toFixed(3)} Acc@5 ${top5.toFixed(3)}`;
}
