import { join } from 'node:path';
import type { Heard } from '../distributed/launch/hearing.js';
import { type JobEnd, startJob } from '../distributed/launch/job.js';
import { findMpiLauncher } from '../distributed/launch/mpi-launcher.js';
import { CnnError, RunError, UsageError } from '../errors.js';
import { PACKAGE_ROOT } from '../package-root.js';
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
  const { settings } = resolveSettings('launch', await givenSources('launch', given));
  const { processes, maxRestarts } = settings;
  let args = trainingOf(given['--']);
  if (processes === null) throw new UsageError(`-n is missing, for example ${EXAMPLE}`);
  const launcher = processes > 1 ? findMpiLauncher() : undefined;
  for (let restarts = 0; ; restarts++) {
    const end = await oneJob(args, processes, launcher);
    if (end.run !== undefined) args = resumed(args, end.run);
    if (end.code === 0) return { lines: [], json: null, silent: true };
    const words = wordsOf(end, processes, args);
    if (end.asked || FINAL.includes(end.code) || restarts === maxRestarts) {
      throw words === undefined ? new CnnError('', end.code) : new RunError(words);
    }
    if (words !== undefined) reporter.warn(words);
    reporter.note(
      `restart ${restarts + 1} of ${maxRestarts}: cnn ${args.map(shellWord).join(' ')}`,
    );
  }
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

interface Ended extends JobEnd {
  /** Somebody has asked for the end. */
  readonly asked: boolean;
}

async function oneJob(
  args: readonly string[],
  processes: number,
  launcher: ReturnType<typeof findMpiLauncher> | undefined,
): Promise<Ended> {
  const program = join(PACKAGE_ROOT, 'bin/cnn.js');
  const job = await startJob([process.execPath, program, ...args], processes, launcher);
  const came = new Set<NodeJS.Signals>();
  const onSignal = (signal: NodeJS.Signals) => {
    if (came.has(signal)) job.kill();
    else job.stop(signal);
    came.add(signal);
  };
  const signals = Object.keys(SIGNAL_EXIT_CODES) as StopSignal[];
  for (const signal of signals) process.on(signal, onSignal);
  try {
    const end = await job.ended;
    const [first] = came;
    if (first === undefined) return { ...end, asked: false };
    const code = end.code === 0 ? 0 : SIGNAL_EXIT_CODES[first as StopSignal];
    return { ...end, code, killedBy: undefined, asked: true };
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/** Undefined where the processes have said it. */
function wordsOf(
  { killedBy, lost, run }: JobEnd,
  processes: number,
  args: readonly string[],
): string | undefined {
  if (killedBy === undefined) return undefined;
  const rank = lost === undefined ? `One of ${processes} processes` : rankText(lost, processes);
  const who = processes === 1 ? 'The training' : rank;
  const when = lost?.step === undefined ? 'before the first step' : `after step ${lost.step}`;
  const next = `cnn launch -n ${processes} -- ${args.map(shellWord).join(' ')}`;
  const others = processes === 1 ? '' : ', which ended the others';
  const how = run === undefined ? `start it again: ${next}` : `go on with: ${next}`;
  return `${who} was killed by ${killedBy} ${when}${others}; ${how}`;
}

function rankText({ rank, host }: Pick<Heard, 'rank' | 'host'>, processes: number): string {
  return `Rank ${rank} of ${processes} (${host})`;
}
