/**
 * What was measured on this machine: a file below the cache directory for each processor, number of
 * threads and build of the addon.
 */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { ADDON_PATH } from '../../addon.js';
import { CACHE_ADVICE, cacheDirectory } from '../../cache-directory.js';
import { makeDirectories, replaceFile } from '../../system/files.js';
import { hashRegularFile, readRegularFile } from '../../system/read-file.js';
import { systemReason } from '../../system/system-errors.js';
import { loadAddon } from '../load-addon.js';

/** How long each candidate of a call took, and which of them is chosen. */
export interface Measured {
  readonly candidate: string;
  readonly milliseconds: Readonly<Record<string, number>>;
}

export type MeasuredCalls = Readonly<Record<string, Measured>>;

/** What a measurement holds for. */
export interface Machine {
  readonly processor: string;
  readonly instructions: string;
  readonly threads: number;
  /** The SHA-256 of the addon. */
  readonly addon: string;
  /** The version of the library that it has loaded. */
  readonly onednn: string;
}

const VERSION = 1;
const MOST_BYTES = 2 ** 26;
const MOST_ADDON_BYTES = 2 ** 30;

const fileSchema = z.object({
  version: z.literal(VERSION),
  machine: z.object({
    processor: z.string(),
    instructions: z.string(),
    threads: z.int(),
    addon: z.string(),
    onednn: z.string(),
  }),
  calls: z.record(
    z.string().max(4000),
    z.object({
      candidate: z.string().max(100),
      milliseconds: z.record(z.string().max(100), z.number().positive()),
    }),
  ),
});

/** Variables of the environment that change what candidates there are, or how fast. */
const LIMITS = ['ONEDNN_MAX_CPU_ISA', 'DNNL_MAX_CPU_ISA', 'CNN_BF16', 'OMP_WAIT_POLICY'] as const;

/** `description`: what the device says of itself. */
export async function describeMachine(description: string, threads: number): Promise<Machine> {
  const limits = LIMITS.flatMap((name) =>
    process.env[name] ? `${name}=${process.env[name]}` : [],
  );
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    instructions: [description, ...limits].join(' '),
    threads,
    addon: await hashRegularFile(ADDON_PATH, MOST_ADDON_BYTES),
    onednn: loadAddon().onednnVersion(),
  };
}

/** Where the measurements of a machine are. */
export function timesFile(machine: Machine): string {
  const name = createHash('sha256').update(JSON.stringify(machine)).digest('hex').slice(0, 16);
  return join(cacheDirectory(), 'cpu', `${name}.json`);
}

/** What is kept for a machine. A file that is damaged, odd or of another machine counts as none. */
export async function readTimes(machine: Machine): Promise<MeasuredCalls> {
  const found = await readFile(timesFile(machine));
  return isDeepStrictEqual(found?.machine, machine) ? (found?.calls ?? {}) : {};
}

async function readFile(path: string): Promise<z.infer<typeof fileSchema> | undefined> {
  try {
    const bytes = await readRegularFile(path, MOST_BYTES);
    return fileSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}

/** How many calls were measured with this processor and addon, with any number of threads. */
export async function inspectTimes(): Promise<{ folder: string; calls: number }> {
  const folder = join(cacheDirectory(), 'cpu');
  const here = await describeMachine('', 1).catch(() => undefined);
  const names = await readdir(folder).catch(() => []);
  let calls = 0;
  for (const name of names) {
    const file = await readFile(join(folder, name));
    const same = file?.machine.processor === here?.processor && file?.machine.addon === here?.addon;
    if (file !== undefined && same) calls += Object.keys(file.calls).length;
  }
  return { folder, calls };
}

/** Adds measurements; returns a sentence where that fails, and they are made again the next time. */
export async function addTimes(
  machine: Machine,
  added: MeasuredCalls,
): Promise<string | undefined> {
  const file = timesFile(machine);
  try {
    // Another process may have added some meanwhile.
    const calls = { ...added, ...(await readTimes(machine)) };
    await makeDirectories(dirname(file));
    await replaceFile(file, `${JSON.stringify({ version: VERSION, machine, calls })}\n`);
    return undefined;
  } catch (error) {
    return `The times of kernels are not kept: ${systemReason(error)}. ${CACHE_ADVICE}`;
  }
}
