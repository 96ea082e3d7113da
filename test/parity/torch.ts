/** PyTorch and torchvision, for the tests that compare with them. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Debian's python3-torch and python3-torchvision, unless the environment names another Python. */
const PYTHON = process.env['CNN_TEST_PYTHON'] ?? '/usr/bin/python3';

/** Runs a Python program with arguments and returns what it prints. */
export async function python(args: readonly string[]): Promise<string> {
  const env = { ...process.env, OMP_NUM_THREADS: '2' };
  const { stdout } = await promisify(execFile)(PYTHON, args, { env, maxBuffer: 2 ** 28 });
  return stdout;
}

/** Runs test/parity/expected.py. */
export function torchvision(...args: readonly string[]): Promise<string> {
  return python([fileURLToPath(new URL('expected.py', import.meta.url)), ...args]);
}

let missing: Promise<string | undefined> | undefined;

/** Skips the tests around, with the reason, where there is no torchvision. */
export function needsTorchvision(): void {
  before(async function () {
    this.timeout(120_000);
    missing ??= python(['-c', 'import torch, torchvision']).then(
      () => undefined,
      (error: Error) => error.message.trim().split('\n').at(-1),
    );
    const reason = await missing;
    if (reason === undefined) return;
    console.warn(`      skipped: ${PYTHON} has no torchvision (${reason})`);
    this.skip();
  });
}
