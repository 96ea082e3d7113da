/** Runs commands that may hang or crash: each has a time after which it is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { PACKAGE_ROOT } from '../../src/package-root.js';

export interface Limits {
  readonly seconds: number;
  /** Ends the command early. */
  readonly signal?: AbortSignal;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Ended {
  /** `code 0`, `SIGSEGV`, or `no answer within 20 s`. */
  readonly end: string;
  readonly passed: boolean;
  readonly seconds: number;
  readonly stdout: string;
  /** What it wrote to both, in the order in which it came. */
  readonly output: string;
}

/** The command's end, which is no error here, whatever it was. */
export function runTask(command: readonly string[], limits: Limits): Promise<Ended> {
  const [program = '', ...args] = command;
  const { seconds, signal, environment } = limits;
  const began = performance.now();
  // In a group of its own, which is killed as a whole.
  const child = spawn(program, args, {
    cwd: PACKAGE_ROOT,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let [stdout, output, reason] = ['', '', ''];
  const stop = (why: string) => {
    reason ||= why;
    killGroup(child);
  };
  const timer = setTimeout(stop, 1000 * seconds, `no answer within ${seconds.toFixed(0)} s`);
  const onAbort = () => stop('its part was over');
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) onAbort();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return new Promise((resolve) => {
    const finish = (end: string) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      const passed = end === 'code 0';
      resolve({ end, passed, seconds: (performance.now() - began) / 1000, stdout, output });
    };
    child.on('error', ({ message }) => finish(message));
    child.on('close', (code, by) => finish(reason || (by ?? `code ${code}`)));
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Aborts after some seconds; it keeps no process running. */
export function afterSeconds(seconds: number): AbortSignal {
  return AbortSignal.timeout(Math.max(0, Math.round(1000 * seconds)));
}

/** Runs the work on each item, at most `width` of them at the same time. */
export async function inParallel<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
}
