import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { PACKAGE_ROOT } from '../package-root.js';

const READ_IN_TURN = join(PACKAGE_ROOT, 'bin/read-in-turn.js');

/**
 * Open files that a thread takes: four of Node's own, and one for each decoder that reads an image.
 */
const FILES_PER_THREAD = 6;
/** Open files that are left for all else. */
const SPARE_FILES = 32;

/**
 * How many of the threads that are wanted the system has open files for (`ulimit -n`), at least
 * one. Half of the files are left for the threads of another loader.
 */
export function affordableThreads(wanted: number): number {
  if (process.platform !== 'linux') return wanted;
  const limits = readFileSync('/proc/self/limits', 'utf8');
  // `unlimited` gives NaN.
  const most = Number(/^Max open files\s+(\S+)/m.exec(limits)?.[1]);
  const free = most - readdirSync('/proc/self/fd').length - SPARE_FILES;
  const affordable = Math.max(1, Math.floor(free / 2 / FILES_PER_THREAD));
  return affordable < wanted ? affordable : wanted;
}

/**
 * A thread that runs the module at a URL, `new URL('./decode-worker.js', import.meta.url)` for one.
 * When the program runs from source, the module is TypeScript, and tsx must be registered in each
 * thread.
 */
export function startThread(module: URL, workerData?: unknown): Worker {
  const source = import.meta.url.endsWith('.ts');
  const execArgv = [...process.execArgv, '--require', READ_IN_TURN];
  if (!source) return new Worker(module, { workerData, execArgv });
  const tsx = createRequire(import.meta.url).resolve('tsx/cjs/api');
  const entry = fileURLToPath(module).replace(/\.js$/, '.ts');
  const code = `require(${JSON.stringify(READ_IN_TURN)}); require(${JSON.stringify(tsx)}).register(); require(${JSON.stringify(entry)});`;
  return new Worker(code, { workerData, eval: true });
}
