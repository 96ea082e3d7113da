/** Trains what is not finished, and evaluates ensembles. */
import { counted } from '../../counted.js';
import { CnnError, RunError } from '../../errors.js';
import { writeReport } from '../../experiment/results/write-report.js';
import { membersOf, readEnsemble, writeEnsemble } from '../../experiment/running/ensembles.js';
import { type Ran, runAll } from '../../experiment/running/run-all.js';
import { plannedRuns, secondsOf, stateOf } from '../../experiment/running/runs.js';
import { type Failure, failureText, type Task } from '../../experiment/running/trainer.js';
import { SIGNAL_EXIT_CODES, type StopRequest } from '../../train/signals.js';
import type { Result } from '../command.js';
import { reportFacts, reportLines } from './report.js';
import type { Planned, Session } from './session.js';

export async function trainAll(session: Session): Promise<Result> {
  const { experiment, planned, stop, reporter } = session;
  const before = planned.filter(({ state }) => state.kind === 'finished');
  const refused = planned.flatMap(refusal);
  const tasks = planned.flatMap(({ run, state }): Task[] => {
    if (state.kind !== 'missing' && state.kind !== 'unfinished') return [];
    return [{ run, resume: state.kind === 'unfinished' }];
  });
  const resumed = tasks.filter(({ resume }) => resume).length;
  reporter.note(
    `${experiment.title}: ${counted(planned.length, 'run')}, ${before.length} finished before` +
      `${resumed > 0 ? `, ${resumed} begun` : ''}`,
  );
  for (const { name, error } of refused) reporter.warn(`${name}: ${error.message}`);
  const known = await Promise.all(
    before.map(async ({ run }) => ({ cell: run.cell.name, seconds: await secondsOf(run) })),
  );
  const { trained, failures } = await runAll(tasks, {
    ...session,
    done: before.length,
    stopped: () => stop.signal !== undefined,
    known,
  });
  const failed = [...refused, ...failures];
  if (stop.signal === undefined) failed.push(...(await evaluateEnsembles(session)));
  if (stop.signal !== undefined) throw stopped(session, before.length + trained.length);
  return resultOf(session, before.length, trained, failed);
}

/** Why a run can neither be kept nor trained. */
function refusal({ run: { name, directory }, state }: Planned): Failure[] {
  if (state.kind === 'changed') {
    const changes = state.changes.join(', ');
    const text = `its settings have changed since it was begun (${changes}): take them back, or remove ${directory} to train it anew`;
    return [{ name, error: new RunError(text) }];
  }
  if (state.kind !== 'training') return [];
  return [{ name, error: new RunError(`another process trains ${directory}: wait for its end`) }];
}

/** Evaluates the runs of a cell as one network, where all of them are finished. */
async function evaluateEnsembles({ experiment, trainer, reporter, stop }: Session) {
  const failures: Failure[] = [];
  for (const cell of experiment.cells) {
    const { name } = cell;
    if (!experiment.ensembles.includes(name)) continue;
    const runs = plannedRuns(experiment).filter((run) => run.cell === cell);
    const states = await Promise.all(runs.map((run) => stateOf(run, 'compared')));
    const whole = states.every(({ kind }) => kind === 'finished');
    if (!whole || stop.signal || (await readEnsemble(experiment, cell))) continue;
    try {
      const scores = await trainer.ensemble(cell, membersOf(experiment, name));
      await writeEnsemble(experiment, name, scores);
      reporter.note(
        `ensemble of ${runs.length} ${name}: loss ${scores.loss.toFixed(4)} Acc@1 ${scores.top1.toFixed(3)}`,
      );
    } catch (error) {
      if (stop.signal) break;
      failures.push({ name: `ensemble of ${name}`, error: error as Error });
    }
  }
  return failures;
}

function stopped({ experiment, planned, stop }: Session, done: number): CnnError {
  const signal = stop.signal as NonNullable<StopRequest['signal']>;
  return new CnnError(
    `Stopped by ${signal}: ${done} of ${planned.length} runs are finished, what trained is saved.\n` +
      `Go on with the same command: cnn experiment run ${experiment.directory}`,
    SIGNAL_EXIT_CODES[signal],
  );
}

async function resultOf(
  { experiment, planned }: Session,
  before: number,
  trained: Ran['trained'],
  failed: readonly Failure[],
): Promise<Result> {
  const report = await writeReport(experiment, false);
  const json = {
    runs: planned.length,
    trained,
    failed: failed.map(({ name, error }) => ({ name, error: error.message })),
    report: reportFacts(report),
  };
  const count = `${before + trained.length} of ${planned.length} runs are finished`;
  const lines = [...reportLines(report), count];
  if (failed.length === 0) return { lines, json };
  const list = failed.map(failureText).join('\n');
  const error = new RunError(`These fail:\n${list}`);
  return { lines, json, error };
}
