import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PACKAGE_ROOT } from '../../src/package-root.js';

const ROOT = PACKAGE_ROOT;
export const PROGRAM = join(ROOT, 'bin/cnn.js');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let built: Promise<unknown> | undefined;

/** Builds dist/ from the sources, once for all tests. */
export function build(): Promise<unknown> {
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  built ??= promisify(execFile)(tsc, ['-p', 'tsconfig.build.json'], { cwd: ROOT });
  return built;
}

/**
 * Starts bin/cnn.js in a directory; `onError` gets the process and what it wrote to stderr so far.
 */
export async function cnn(
  args: readonly string[],
  onError?: (child: ChildProcess, stderr: string) => void,
  cwd?: string,
): Promise<Ended> {
  await build();
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: cwd ?? process.cwd(),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onError?.(child, stderr);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** A directory for the time of the tests around. */
export function temporaryDirectory(): { readonly path: string } {
  const directory = { path: '' };
  before(async () => {
    directory.path = await mkdtemp(join(tmpdir(), 'cnn-test-'));
  });
  after(() => rm(directory.path, { recursive: true, force: true }));
  return directory;
}
