/** What a process of a training tells `cnn launch`; nothing where something else has started it. */
import { connect, type Socket } from 'node:net';
import { hostname } from 'node:os';
import type { Launched } from '../launcher.js';

/** The environment variable with the path of the launcher's socket. */
export const LAUNCH_SOCKET = 'CNN_LAUNCH_SOCKET';

/** A line of JSON. */
export interface Told {
  readonly rank?: number;
  readonly host?: string;
  readonly pid?: number;
  /** The directory of the run. */
  readonly run?: string;
  /** Steps that it has taken. */
  readonly step?: number;
}

let line: Socket | undefined;

/** The launcher may ask it to stop by a signal; where the launcher ends, the process does too. */
export function connectToLauncher(launched: Pick<Launched, 'rank'> = { rank: 0 }): void {
  const path = process.env[LAUNCH_SOCKET];
  if (path === undefined || line !== undefined) return;
  line = connect(path).unref();
  line.setEncoding('utf8');
  line.on('error', () => {});
  line.on('data', (signal: string) => process.kill(process.pid, signal.trim()));
  line.on('close', () => process.kill(process.pid, 'SIGTERM'));
  tellLauncher({ rank: launched.rank, host: hostname(), pid: process.pid });
}

export function tellLauncher(told: Told): void {
  line?.write(`${JSON.stringify(told)}\n`);
}
