/** Asks cudnn-plans (native/cuda/plans/main.cc), which plans convolutions without a GPU. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import { parseCsv } from '../csv.js';

const PROGRAM = join(PACKAGE_ROOT, 'build', 'plans', 'cudnn-plans');
/** A driver without a device, which engines that are compiled at run time want to find. */
const STUB_DRIVER = join(PACKAGE_ROOT, 'build', 'plans', 'libcuda.so.1');
const SOURCES = join(PACKAGE_ROOT, 'native', 'cuda', 'plans');

export const DEVICES = ['a100', 'h100'] as const;
export type Device = (typeof DEVICES)[number];

/** One way to compute a convolution. */
export interface Way {
  /** The line of the request, from 0. */
  readonly line: number;
  /** The library and the part of the work: `cuDNN forward+bias`. */
  readonly way: string;
  /** The number of the engine whose plan was made, empty where there is none. */
  readonly engine: string;
  readonly compiled: 'ready' | 'at run time' | '';
  readonly workspaceBytes: number;
  readonly seconds: number;
}

/** Builds the program. Why it cannot be built here, or undefined. */
export function whyNoPlans(): string | undefined {
  return whyNoCudaTarget('cudnn-plans');
}

/** The same of another target of native/CMakeLists.txt that wants CUDA. */
export function whyNoCudaTarget(target: string): string | undefined {
  if (!existsSync(SOURCES)) return `there is no ${SOURCES}`;
  const configured = cmake('-S', 'native', '-B', 'build');
  const missing = /CUDA: not built in, because (.*)/.exec(configured)?.[1];
  if (missing !== undefined) return missing;
  cmake('--build', 'build', '--target', target);
  return undefined;
}

function cmake(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('cmake', args, {
    cwd: PACKAGE_ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cmake ${args.join(' ')} failed: ${stdout}${stderr}`);
  return stdout;
}

export interface PlanOptions {
  /** Whether engines that cuDNN compiles are, each in seconds. */
  readonly compile: boolean;
  /** Whether plans that were compiled go into the file of choices below $CNN_CACHE. */
  readonly keep?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

/** What cuDNN says to each request, as requestLine() writes them. */
export async function plan(
  device: Device,
  requests: readonly string[],
  { compile, keep = false, env = process.env }: PlanOptions,
  onProgress: (line: number) => void = () => {},
): Promise<Way[]> {
  const driver = compile ? ['--driver', STUB_DRIVER] : ['--skip-compiled'];
  const properties = join(SOURCES, `${device}.json`);
  const kept = keep ? ['--keep', nameOfGpu(properties)] : [];
  const text = await run([properties, ...driver, ...kept], requests, env, onProgress);
  return parseCsv(text).map((row) => ({
    line: Number(row['line']),
    way: row['way'] as string,
    engine: row['engine'] as string,
    compiled: row['compiled'] as Way['compiled'],
    workspaceBytes: Number(row['workspace']),
    seconds: Number(row['seconds']),
  }));
}

/** As the backend names it: GPUs of one name may have other numbers of multiprocessors. */
function nameOfGpu(properties: string): string {
  const { deviceName, multiProcessorCount } = JSON.parse(readFileSync(properties, 'utf8'));
  return `${deviceName} ${multiProcessorCount}`;
}

async function run(
  args: readonly string[],
  requests: readonly string[],
  env: NodeJS.ProcessEnv,
  onProgress: (line: number) => void,
): Promise<string> {
  const child = spawn(PROGRAM, args, { env });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    const last = output.lastIndexOf('\n', output.length - 2) + 1;
    onProgress(Number.parseInt(output.slice(last), 10) || 0);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  // A program that ends early says why itself.
  child.stdin.on('error', () => {});
  child.stdin.end(`${requests.join('\n')}\n`);
  const status = await new Promise((done) => child.on('close', done));
  if (status !== 0) throw new Error(`cudnn-plans failed: ${errors.trim() || `status ${status}`}`);
  return output;
}
