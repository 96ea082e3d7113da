/** Does the work of an experiment in child processes of the program. */
import { fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CnnError, RunError } from '../../errors.js';
import type { Seen } from '../../experiment/running/trainer.js';
import { PACKAGE_ROOT } from '../../package-root.js';
import type { StopRequest } from '../../train/signals.js';
import type { Done, DoWork, Work } from './work.js';

/** What a child says. */
export type Message =
  | { readonly seen: Seen }
  | { readonly done: Done }
  | { readonly error: string; readonly exitCode: number };

/** A process for each piece of work; where the program is asked to stop, they are too. */
export function inProcesses(stop: StopRequest): DoWork {
  return (work, log, onSeen) => inProcess(work, log, onSeen, stop);
}

async function inProcess(
  work: Work,
  log: string,
  onSeen: (seen: Seen) => void,
  stop: StopRequest,
): Promise<Done> {
  const child = start(work, log);
  const end = () => child.kill(stop.signal ?? 'SIGTERM');
  stop.asked.addEventListener('abort', end);
  let last: Message | undefined;
  child.on('message', (message: Message) => {
    if ('seen' in message) onSeen(message.seen);
    else last = message;
  });
  try {
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (...ending) => resolve(ending));
      if (stop.signal !== undefined) end();
    });
    if (last !== undefined && 'done' in last) return last.done;
    if (last !== undefined && 'error' in last) throw new CnnError(last.error, last.exitCode);
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    throw new RunError(`The process ended ${how} without a word; see what it printed in ${log}`);
  } finally {
    stop.asked.removeEventListener('abort', end);
  }
}

/** Starts the process, whose output is added to the log. */
function start(work: Work, log: string) {
  const output = openSync(log, 'a');
  const source = import.meta.url.endsWith('.ts');
  const entry = fileURLToPath(new URL(`./child.${source ? 'ts' : 'js'}`, import.meta.url));
  const required = ['signals.js', 'read-in-turn.js'].flatMap((name) => {
    return ['--require', join(PACKAGE_ROOT, 'bin', name)];
  });
  const loader = source ? ['--import', 'tsx'] : [];
  try {
    // In a group of its own: a terminal's Ctrl-C would reach it a second time, and end it unsaved.
    return fork(entry, [JSON.stringify(work)], {
      execArgv: [...process.execArgv, ...required, ...loader],
      stdio: ['ignore', output, output, 'ipc'],
      detached: true,
    });
  } finally {
    closeSync(output);
  }
}
