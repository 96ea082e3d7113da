/** Does the work of an experiment in child processes of the program. */
import { fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CnnError, RunError } from '../../errors.js';
import type { Cell } from '../../experiment/file/cells.js';
import type { EnsembleScores } from '../../experiment/running/ensembles.js';
import { type PlannedRun, writeOutcome } from '../../experiment/running/runs.js';
import type { Seen, Trainer } from '../../experiment/running/trainer.js';
import { PACKAGE_ROOT } from '../../package-root.js';
import type { Given } from '../../settings/given.js';
import type { OptionName } from '../../settings/options/index.js';
import { makeDirectories, replaceFile, temporaryName } from '../../system/files.js';

/** What a child is asked for: options of `cnn train`, or of `cnn eval`. */
export interface Work {
  readonly kind: 'train' | 'probe' | 'evaluate';
  readonly given: Given;
}

/** What a child says. */
export type Message =
  | { readonly seen: Seen }
  | { readonly seconds: number }
  | { readonly scores: EnsembleScores; readonly peakBytes: number }
  | { readonly error: string; readonly exitCode: number };

/** Trains, and evaluates the runs of a cell as one network. */
export interface ChildTrainer extends Trainer {
  ensemble(directories: readonly string[]): Promise<EnsembleScores>;
}

/** What a process is started with. */
interface Start {
  /** The signal that asked the program to stop, which children get too. */
  readonly asked: AbortSignal;
  readonly signal: () => NodeJS.Signals | undefined;
  /** Settings of the machine for each process. */
  readonly machine: Given;
}

export function childTrainer(start: Start): ChildTrainer {
  return {
    async train(run, resume, onSeen) {
      const given = resume
        ? { resume: run.directory, ...overridesOf(run.cell), ...start.machine }
        : { ...(await newRun(run)), ...start.machine };
      const message = await work({ kind: 'train', given }, start, `${run.directory}.log`, onSeen);
      if (!('scores' in message)) throw silent(`${run.directory}.log`);
      const peak_bytes = message.peakBytes;
      await writeOutcome(run.directory, { ended: new Date().toISOString(), peak_bytes });
      return message.scores;
    },
    async probe(cell, seed) {
      const config = temporaryName(join(tmpdir(), 'cnn-cell'));
      await replaceFile(config, configText(cell, seed));
      try {
        const given = { config, 'dry-run': true, ...overridesOf(cell), ...start.machine };
        const message = await work({ kind: 'probe', given }, start, '/dev/null');
        return 'seconds' in message ? message.seconds : 0;
      } finally {
        await rm(config, { force: true });
      }
    },
    async ensemble(directories) {
      const [checkpoint = '', ...ensemble] = directories;
      const given = { checkpoint, ensemble, ...start.machine };
      const log = join(dirname(checkpoint), 'ensemble.log');
      const message = await work({ kind: 'evaluate', given }, start, log);
      if (!('scores' in message)) throw silent(log);
      return message.scores;
    },
  };
}

function silent(log: string): RunError {
  return new RunError(`The process ended without a result; ${log} has what it printed`);
}

/** The flags of a new run, whose settings are in a file beside its directory. */
async function newRun({ cell, seed, directory }: PlannedRun): Promise<Given> {
  await makeDirectories(dirname(directory));
  const config = `${directory}.json`;
  await replaceFile(config, configText(cell, seed));
  const [output, experiment] = [dirname(directory), `seed-${seed}`];
  return { config, output, experiment, ...overridesOf(cell) };
}

function configText({ sources: [own] }: Cell, seed: number): string {
  return `${JSON.stringify({ ...own?.values, seed }, undefined, 2)}\n`;
}

/** What flags and the environment of this start gave. */
function overridesOf({ sources: [, ...given] }: Cell): Given {
  const values = Object.assign({}, ...given.map((source) => source.values));
  const entries = Object.entries(values as Partial<Record<OptionName, unknown>>);
  return Object.fromEntries(entries.map(([name, value]) => [name, flagText(value)]));
}

function flagText(value: unknown): string | boolean {
  return typeof value === 'boolean' ? value : String(value);
}

/** What the child says at its end. Its output is added to a log. */
async function work(
  task: Work,
  { asked, signal }: Start,
  log: string,
  onSeen: (seen: Seen) => void = () => {},
): Promise<Message> {
  const output = openSync(log, 'a');
  const source = import.meta.url.endsWith('.ts');
  const entry = fileURLToPath(new URL(`./child.${source ? 'ts' : 'js'}`, import.meta.url));
  const required = ['signals.js', 'read-in-turn.js'].flatMap((name) => {
    return ['--require', join(PACKAGE_ROOT, 'bin', name)];
  });
  const loader = source ? ['--import', 'tsx'] : [];
  // In a group of its own: a terminal's Ctrl-C would reach it a second time, and end it unsaved.
  const child = fork(entry, [JSON.stringify(task)], {
    execArgv: [...process.execArgv, ...required, ...loader],
    stdio: ['ignore', output, output, 'ipc'],
    detached: true,
  });
  closeSync(output);
  const stop = () => child.kill(signal() ?? 'SIGTERM');
  asked.addEventListener('abort', stop);
  let last: Message | undefined;
  child.on('message', (message: Message) => {
    if ('seen' in message) onSeen(message.seen);
    else last = message;
  });
  try {
    const [code, killed] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (...ending) => resolve(ending));
      if (asked.aborted) stop();
    });
    if (last !== undefined && !('error' in last)) return last;
    if (last !== undefined) throw new CnnError(last.error, last.exitCode);
    const how = killed === null ? `with exit code ${code}` : `by ${killed}`;
    throw new RunError(`The process ended ${how} without a word${logHint(log)}`);
  } finally {
    asked.removeEventListener('abort', stop);
  }
}

function logHint(log: string): string {
  return log === '/dev/null' ? '' : `; ${log} has what it printed`;
}
