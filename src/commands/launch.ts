import { join } from 'node:path';
import type { Heard } from '../distributed/launch/hearing.js';
import { type Job, type JobEnd, startJob } from '../distributed/launch/job.js';
import { findMpiLauncher } from '../distributed/launch/mpi-launcher.js';
import { CnnError, RunError, UsageError } from '../errors.js';
import { PACKAGE_ROOT } from '../package-root.js';
import type { Reporter } from '../session/reporter.js';
import type { Given } from '../settings/given.js';
import { givenSources } from '../settings/given.js';
import { resolveSettings } from '../settings/resolve.js';
import { createReporter } from '../terminal/progress.js';
import { SIGNAL_EXIT_CODES, type StopSignal } from '../train/signals.js';
import type { Result } from './command.js';
import { shellWord } from './train.js';

const EXAMPLE = 'cnn launch -n 2 -- train --arch lenet5 --data mnist';
/** Exit codes after which the same would happen again, or somebody wanted the end. */
const FINAL = [0, 2, 3, 4, 75];

/** `cnn launch`: several processes of this machine that train together, and again where one dies. */
export async function runLaunch(given: Given, reporter = createReporter()): Promise<Result> {
  const stop = listenForEnd();
  try {
    return await launched(given, reporter, stop);
  } finally {
    stop.release();
  }
}

async function launched(given: Given, reporter: Reporter, stop: End): Promise<Result> {
  const { settings } = resolveSettings('launch', await givenSources('launch', given));
  const { processes, maxRestarts } = settings;
  let args = trainingOf(given['--']);
  if (processes === null) throw new UsageError(`-n is missing, for example ${EXAMPLE}`);
  const launcher = processes > 1 ? findMpiLauncher() : undefined;
  for (let restarts = 0; ; restarts++) {
    const end = await oneJob(args, processes, launcher, stop);
    if (end.run !== undefined) args = resumed(args, end.run);
    if (end.code === 0) return { lines: [], json: null, silent: true };
    const next = nextStart(end, processes, args);
    if (stop.signal !== undefined) throw stoppedBy(stop.signal, end, next);
    const words = wordsOf(end, processes, next);
    if (FINAL.includes(end.code) || restarts === maxRestarts) {
      throw words === undefined ? new CnnError('', end.code) : new RunError(words);
    }
    if (words !== undefined) reporter.warn(words);
    reporter.note(
      `restart ${restarts + 1} of ${maxRestarts}: cnn ${args.map(shellWord).join(' ')}`,
    );
  }
}

/** Signals that ask for the end: those of one kind save the run, the second of it does not wait. */
interface End {
  readonly signal: StopSignal | undefined;
  /** Whom they are for; gets those that came before. */
  of(job: Pick<Job, 'stop' | 'kill'>): void;
  release(): void;
}

function listenForEnd(): End {
  const came = new Set<StopSignal>();
  let current: Pick<Job, 'stop' | 'kill'> | undefined;
  const onSignal = (name: NodeJS.Signals) => {
    const signal = name as StopSignal;
    if (came.has(signal)) current?.kill();
    else current?.stop(signal);
    came.add(signal);
  };
  const signals = Object.keys(SIGNAL_EXIT_CODES) as StopSignal[];
  for (const signal of signals) process.on(signal, onSignal);
  return {
    get signal() {
      const [first] = came;
      return first;
    },
    of(job) {
      current = job;
      for (const signal of came) job.stop(signal);
    },
    release() {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}

/** The words after `--`. */
function trainingOf(words: unknown): readonly string[] {
  const given = Array.isArray(words) ? words.map(String) : [];
  if (given[0] === 'train') return given;
  const received = given.length === 0 ? 'nothing' : `"${given[0]}"`;
  throw new UsageError(`Expected train after -- but received ${received}, for example ${EXAMPLE}`);
}

/** Flags win over what a run has stored, so that those of the first start stay true. */
function resumed(args: readonly string[], run: string): readonly string[] {
  const given = args.some((word) => /^--resume(=|$)/.test(word));
  return given ? args : [...args, '--resume', run];
}

async function oneJob(
  args: readonly string[],
  processes: number,
  launcher: ReturnType<typeof findMpiLauncher> | undefined,
  stop: End,
): Promise<JobEnd> {
  const program = join(PACKAGE_ROOT, 'bin/cnn.js');
  const job = await startJob([process.execPath, program, ...args], processes, launcher);
  stop.of(job);
  return job.ended;
}

function nextStart({ run }: JobEnd, processes: number, args: readonly string[]): string {
  const next = `cnn launch -n ${processes} -- ${args.map(shellWord).join(' ')}`;
  return run === undefined ? `start it again: ${next}` : `go on with: ${next}`;
}

/** Silent where the processes have heeded the signal, or say what went wrong. */
function stoppedBy(signal: StopSignal, { code, killedBy, lost }: JobEnd, next: string): CnnError {
  const exitCode = SIGNAL_EXIT_CODES[signal];
  const began = lost?.step !== undefined;
  if (began && (killedBy === undefined || code === exitCode)) return new CnnError('', code);
  const how = began ? ' without saving' : '';
  return new CnnError(`Stopped by ${signal} ${whenOf(lost)}${how}; ${next}`, exitCode);
}

/** Undefined where the processes have said it. */
function wordsOf({ killedBy, lost }: JobEnd, processes: number, next: string): string | undefined {
  if (killedBy === undefined) return undefined;
  const rank = lost === undefined ? `One of ${processes} processes` : rankText(lost, processes);
  const who = processes === 1 ? 'The training' : rank;
  const others = processes === 1 ? '' : ', which ended the others';
  return `${who} was killed by ${killedBy} ${whenOf(lost)}${others}; ${next}`;
}

function whenOf(lost: JobEnd['lost']): string {
  return lost?.step === undefined ? 'before the first step' : `after step ${lost.step}`;
}

function rankText({ rank, host }: Pick<Heard, 'rank' | 'host'>, processes: number): string {
  return `Rank ${rank} of ${processes} (${host})`;
}
