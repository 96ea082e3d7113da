/**
 * TensorFlow's library through @tensorflow/tfjs-node-gpu: as `bin/setup --tensorflow` put both into
 * build/tensorflow, else as npm installed a package with a binary of its own.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { givenPath } from '../../given-path.js';
import { PACKAGE_ROOT, SET_UP_TENSORFLOW } from '../../package-root.js';
import { replaceKernels } from './kernels.js';
import { type NodeBackend, TENSORFLOW_BACKEND } from './operation.js';

const FOLDER = givenPath('CNN_TENSORFLOW') ?? join(PACKAGE_ROOT, 'build/tensorflow');
const BINDING = join(FOLDER, 'tfjs_binding.node');
/** A module that holds back what is written to standard error; see native/tensorflow/stderr.cc. */
const STDERR = join(FOLDER, 'stderr.node');
const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

export interface Tensorflow {
  /** The library's version, who gave it and what it computes on. */
  readonly description: string;
  /** Why it does not compute on the GPU of this machine, with what to do about it. */
  readonly warning?: string;
}

let loaded: Promise<string> | undefined;

/** Registers the backend; throws where there is none. The first call decides on the threads. */
export async function loadTensorflow(threads: number): Promise<Tensorflow> {
  loaded ??= load(threads);
  const found = await loaded;
  const { binding, isUsingGpuDevice } = tf.engine().findBackend(TENSORFLOW_BACKEND) as NodeBackend;
  const device = isUsingGpuDevice ? 'on a GPU' : 'on the CPU';
  const description = `TensorFlow ${binding.TF_Version} by ${found} ${device}`;
  if (isUsingGpuDevice || !hasNvidiaDriver()) return { description };
  const warning = existsSync(join(FOLDER, 'library/nvidia'))
    ? 'TensorFlow finds no GPU that it can use: TF_CPP_MIN_LOG_LEVEL=0 in the environment shows why'
    : `There is an NVIDIA driver, and TensorFlow was set up without CUDA: run ${SET_UP_TENSORFLOW}`;
  return { description, warning };
}

/** The name of the package that has registered the backend. */
async function load(threads: number): Promise<string> {
  setEnvironment(threads);
  const name = existsSync(BINDING) ? loadOwn() : await loadInstalled();
  replaceKernels();
  return name;
}

/** What the library and the package read when they are loaded, unless the user has set it. */
function setEnvironment(threads: number): void {
  const variables = {
    TF_CPP_MIN_LOG_LEVEL: '3',
    // Else only processors with AVX-512's instructions for networks get oneDNN's kernels.
    TF_ENABLE_ONEDNN_OPTS: '1',
    // As on the CPU, where src/network/rules/pooling/stock-max-pool.ts sees to it.
    TF_ENABLE_MAXPOOL_NANPROP: '1',
    // Else it takes all memory of the GPU at once.
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    TF_NUM_INTRAOP_THREADS: String(threads),
  };
  for (const [name, value] of Object.entries(variables)) process.env[name] ??= value;
  // The package calls them; Node 22 warns of that, and Node 23 has dropped them.
  const util = createRequire(import.meta.url)('node:util') as object;
  Object.assign(util, {
    isNullOrUndefined: (value: unknown) => value == null,
    isArray: Array.isArray,
  });
}

/** The kernels of the package on the binding that bin/setup has built. */
function loadOwn(): string {
  const load = createRequire(BINDING);
  const [name] = PACKAGES;
  const { version } = load(`${name}/package.json`) as { version: string };
  load(`${name}/dist/register_all_kernels.js`);
  const { NodeJSKernelBackend } = load(`${name}/dist/nodejs_kernel_backend.js`) as {
    NodeJSKernelBackend: new (binding: unknown, name: string) => tf.KernelBackend;
  };
  const backend = new NodeJSKernelBackend(loadQuietly(load), name);
  tf.registerBackend(TENSORFLOW_BACKEND, () => backend, 3);
  return `${name} ${version}`;
}

/** The binding, without what the library prints while it is loaded. */
function loadQuietly(load: NodeJS.Require): unknown {
  if (process.env['TF_CPP_MIN_LOG_LEVEL'] === '0') return load(BINDING);
  const { mute, unmute } = load(STDERR) as { mute(): void; unmute(): void };
  mute();
  try {
    return load(BINDING);
  } finally {
    unmute();
  }
}

async function loadInstalled(): Promise<string> {
  for (const name of PACKAGES) {
    try {
      import.meta.resolve(name);
    } catch {
      continue;
    }
    await import(name);
    return name;
  }
  throw new Error(`there is no ${BINDING}`);
}

/** Whether bin/setup --tensorflow would fetch CUDA too. */
function hasNvidiaDriver(): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const programs = folders.map((folder) => join(folder, 'nvidia-smi'));
  return ['/proc/driver/nvidia', ...programs].some((file) => existsSync(file));
}
