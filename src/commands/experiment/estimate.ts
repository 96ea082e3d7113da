import { counted } from '../../counted.js';
import { RunError } from '../../errors.js';
import { Forecast } from '../../experiment/running/forecast.js';
import { probeCells } from '../../experiment/running/probe.js';
import { secondsOf } from '../../experiment/running/runs.js';
import { failureText } from '../../experiment/running/trainer.js';
import { table } from '../../terminal/table.js';
import { clock, duration } from '../../time.js';
import type { Result } from '../command.js';
import type { Session } from './session.js';

/** `cnn experiment run --dry-run`: the cells, what is done of them, and the time of the rest. */
export async function estimate(session: Session): Promise<Result> {
  const { experiment, planned, jobs, stop } = session;
  const { title, axes, seeds } = experiment;
  const forecast = new Forecast(jobs);
  for (const { run, state } of planned) {
    if (state.kind === 'finished') forecast.finished(run.cell.name, await secondsOf(run));
  }
  const todo = planned.filter(({ state: { kind } }) => kind === 'missing' || kind === 'unfinished');
  const tasks = todo.map(({ run, state }) => ({ run, resume: state.kind === 'unfinished' }));
  const stopped = () => stop.signal !== undefined;
  const failures = await probeCells(tasks, forecast, { ...session, stopped });
  if (stop.signal !== undefined) throw new RunError(`Stopped by ${stop.signal}`);
  const seconds = forecast.secondsLeft(todo.map(({ run }) => run.cell.name)) ?? 0;
  const cells = experiment.cells
    .filter((cell) => planned.some(({ run }) => run.cell === cell))
    .map(({ name, labels }) => {
      const own = planned.filter(({ run }) => run.cell.name === name);
      const states = own.map(({ state }) => state.kind);
      const finished = states.filter((kind) => kind === 'finished').length;
      return { name, labels, runs: own.length, finished, states, seconds: forecast.ofRun(name) };
    });
  const header = ['cell', ...axes, 'runs', 'done', 'time of a run'];
  const rows = cells.map(({ name, labels, runs, finished, seconds: each }) => [
    ...[name, ...axes.map((axis) => labels[axis] ?? '')],
    ...[String(runs), String(finished), each === undefined ? '' : duration(each)],
  ]);
  const left = ['left', ...axes.map(() => 'left' as const)] as const;
  const end = clock(new Date(Date.now() + 1000 * seconds));
  const time = seconds === 0 ? '' : `, about ${duration(seconds)} with --jobs ${jobs}, ends ${end}`;
  const chosen = seeds.filter((seed) => planned.some(({ run }) => run.seed === seed));
  const seedsText = `${chosen.length === 1 ? 'seed' : 'seeds'} ${chosen.join(', ')}`;
  return {
    lines: [
      `${title}: ${counted(planned.length, 'run')} (${seedsText}), ${todo.length} to train${time}`,
      '',
      ...table([header, ...rows], { alignment: left }),
    ],
    json: { title, seeds, cells, to_train: todo.length, seconds },
    ...(failures.length > 0 && {
      error: new RunError(`These cells fail:\n${failures.map(failureText).join('\n')}`),
    }),
  };
}
