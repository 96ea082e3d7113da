/** The processes of one start, from the first to the last of them. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { type Heard, Hearing } from './hearing.js';
import type { MpiLauncher } from './mpi-launcher.js';
import { LAUNCH_SOCKET } from './telling.js';

/** How long processes may go on after the first of them has left. */
const LEAVING_MS = 30_000;

/** How long processes have to leave after their launcher. */
const PARTING_MS = 2000;

export interface JobEnd {
  readonly code: number;
  /** What ended one of the processes, where they did not end by themselves. */
  readonly killedBy: string | undefined;
  /** The first process that left. */
  readonly lost: Heard | undefined;
  readonly run: string | undefined;
}

export interface Job {
  readonly hearing: Hearing;
  readonly ended: Promise<JobEnd>;
  /** Has the processes save and end. */
  stop(signal: NodeJS.Signals): void;
  /** Ends them at once. */
  kill(): void;
}

/** Starts a command of this machine once, or several times by the launcher of an MPI. */
export async function startJob(
  command: readonly [string, ...string[]],
  processes: number,
  launcher: MpiLauncher | undefined,
): Promise<Job> {
  const hearing = new Hearing();
  await hearing.open();
  const words = launcher
    ? [launcher.program, ...launcher.args(processes), ...command]
    : [...command];
  const [program, ...args] = words as [string, ...string[]];
  const child = spawn(program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...launcher?.environment, [LAUNCH_SOCKET]: hearing.path },
    // Ctrl-C of the terminal is for `cnn launch` alone, which has the processes save.
    detached: true,
  });
  const kill = () => {
    child.kill('SIGKILL');
    for (const { pid } of hearing.connected) killProcess(pid);
  };
  let leaving: NodeJS.Timeout | undefined;
  hearing.onLost = () => {
    leaving ??= setTimeout(kill, LEAVING_MS);
  };
  const ended = new Promise<JobEnd>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', async (code, signal) => {
      await hearing.left(PARTING_MS);
      resolve(endOf(code, signal, hearing));
    });
  }).finally(async () => {
    clearTimeout(leaving);
    for (const { pid } of hearing.connected) killProcess(pid);
    await hearing.close();
  });
  const stop = (signal: NodeJS.Signals) => {
    if (hearing.connected.length > 0) hearing.ask(signal);
    else child.kill('SIGTERM');
  };
  return { hearing, ended, stop, kill };
}

/** A launcher ends in 128 and the number of the signal that ended one of its processes. */
function endOf(code: number | null, signal: NodeJS.Signals | null, hearing: Hearing): JobEnd {
  const number = code !== null && code > 128 ? code - 128 : undefined;
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  const { lost, run } = hearing;
  return { code: code ?? 1, killedBy: signal ?? name, lost, run };
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
