/** What nvcc made of native/cuda/*.cu, as cuobjdump tells it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/package-root.js';

const SOURCES = join(PACKAGE_ROOT, 'native');
const OBJECTS = join(PACKAGE_ROOT, 'build/kernels');
const CACHE = join(PACKAGE_ROOT, 'build/CMakeCache.txt');

/** One kernel for one target. */
export interface CompiledKernel {
  readonly file: string;
  /** The compute capability it is for, such as `sm_90`. */
  readonly target: string;
  /** As the compiler writes it; c++filt makes it readable. */
  readonly name: string;
  readonly registers: number;
  /** Bytes of a thread in slow memory: spilled registers, arrays with changing indices. */
  readonly stack: number;
  readonly local: number;
  readonly shared: number;
}

/** Loads and stores of 16 bytes. */
export interface WideAccesses {
  loads: number;
  stores: number;
}

/** A variable of CMake's last run; undefined where there was none. */
function cached(name: string): string | undefined {
  if (!existsSync(CACHE)) return undefined;
  return new RegExp(`^${name}:\\w+=(.+)$`, 'm').exec(readFileSync(CACHE, 'utf8'))?.[1];
}

/** cuobjdump, which is beside nvcc. */
function cuobjdump(...args: string[]): string {
  const program = join(dirname(cached('CUDA_COMPILER') ?? ''), 'cuobjdump');
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 30 });
}

/** Why there is nothing to check. */
export function missingMachineCode(): string | undefined {
  const compiler = cached('CUDA_COMPILER');
  if (compiler === undefined) return 'the addon was built without CUDA: bin/setup --cuda';
  if (existsSync(join(dirname(compiler), 'cuobjdump'))) return undefined;
  return `there is no cuobjdump beside ${compiler}`;
}

/** Such as `sm_80`. */
export function targets(): string[] {
  return (cached('CNN_CUDA_TARGETS') ?? '').split(';').map((target) => `sm_${target}`);
}

/** Paths in native/, such as `cuda/kernels/unary.cu`. */
export function kernelFiles(): string[] {
  const files = readdirSync(join(SOURCES, 'cuda'), { recursive: true }) as string[];
  return files.filter((file) => file.endsWith('.cu')).map((file) => `cuda/${file}`);
}

export function compiledKernels(file: string): CompiledKernel[] {
  let target = '';
  let name = '';
  const kernels: CompiledKernel[] = [];
  for (const line of cuobjdump('-res-usage', objectOf(file)).split('\n')) {
    target = /^arch = (\S+)/.exec(line)?.[1] ?? target;
    name = /^ Function (\S+):$/.exec(line)?.[1] ?? name;
    const usage = /REG:(\d+) STACK:(\d+) SHARED:(\d+) LOCAL:(\d+)/.exec(line);
    if (!usage) continue;
    const [registers = 0, stack = 0, shared = 0, local = 0] = usage.slice(1).map(Number);
    kernels.push({ file, target, name, registers, stack, shared, local });
  }
  return kernels;
}

/** By the kernel's name. */
export function wideAccesses(file: string, target: string): Map<string, WideAccesses> {
  const found = new Map<string, WideAccesses>();
  let current: WideAccesses = { loads: 0, stores: 0 };
  for (const line of cuobjdump('-sass', '-arch', target, objectOf(file)).split('\n')) {
    const name = /^\s*Function : (\S+)/.exec(line)?.[1];
    if (name !== undefined) {
      current = { loads: 0, stores: 0 };
      found.set(name, current);
    }
    if (/\bLDG\.\S*128/.test(line)) current.loads++;
    if (/\bSTG\.\S*128/.test(line)) current.stores++;
  }
  return found;
}

function objectOf(file: string): string {
  const object = join(OBJECTS, `${file}.o`);
  if (existsSync(object)) return object;
  throw new Error(`Expected ${object}, made by npm run build:native`);
}

/** Readable names, where binutils are installed. */
export function readable(names: readonly string[]): string[] {
  try {
    const text = execFileSync('c++filt', ['-p'], { input: names.join('\n'), encoding: 'utf8' });
    return text.trimEnd().split('\n');
  } catch {
    return [...names];
  }
}
