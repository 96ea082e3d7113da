/**
 * TensorFlow's library through @tensorflow/tfjs-node-gpu: as `bin/setup --tensorflow` put both into
 * build/tensorflow, else as npm installed a package with a binary of its own.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { PACKAGE_ROOT, SET_UP_TENSORFLOW } from '../package-root.js';

/** Its name in tfjs's registry. */
export const TENSORFLOW_BACKEND = 'tensorflow';
const FOLDER = join(PACKAGE_ROOT, 'build/tensorflow');
const BINDING = join(FOLDER, 'tfjs_binding.node');
const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

export interface Tensorflow {
  /** The library's version, who gave it and what it computes on. */
  readonly description: string;
  /** Why it does not compute on the GPU of this machine, with what to do about it. */
  readonly warning?: string;
}

/** What tfjs-node's backend says of itself. */
interface NodeBackend extends tf.KernelBackend {
  readonly binding: { readonly TF_Version: string };
  readonly isUsingGpuDevice: boolean;
}

/** Registers the backend; throws where there is none. The first call decides on the threads. */
export async function loadTensorflow(threads: number): Promise<Tensorflow> {
  setEnvironment(threads);
  const found = existsSync(BINDING) ? loadOwn() : await loadInstalled();
  const { binding, isUsingGpuDevice } = tf.engine().findBackend(TENSORFLOW_BACKEND) as NodeBackend;
  const device = isUsingGpuDevice ? 'on a GPU' : 'on the CPU';
  const description = `TensorFlow ${binding.TF_Version} by ${found} ${device}`;
  if (isUsingGpuDevice || !hasNvidiaDriver()) return { description };
  const warning = existsSync(join(FOLDER, 'library/nvidia'))
    ? 'TensorFlow finds no GPU that it can use: TF_CPP_MIN_LOG_LEVEL=0 in the environment shows why'
    : `There is an NVIDIA driver, and TensorFlow was set up without CUDA: run ${SET_UP_TENSORFLOW}`;
  return { description, warning };
}

/** What the library and the package read when they are loaded. */
function setEnvironment(threads: number): void {
  const { env } = process;
  env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
  // Else it takes all memory of the GPU at once.
  env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  env['TF_NUM_INTRAOP_THREADS'] ??= String(threads);
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
  if (!tf.engine().findBackendFactory(TENSORFLOW_BACKEND)) {
    load(`${name}/dist/register_all_kernels.js`);
    const { NodeJSKernelBackend } = load(`${name}/dist/nodejs_kernel_backend.js`) as {
      NodeJSKernelBackend: new (binding: unknown, name: string) => tf.KernelBackend;
    };
    const backend = new NodeJSKernelBackend(load(BINDING), name);
    tf.registerBackend(TENSORFLOW_BACKEND, () => backend, 3);
  }
  return `${name} ${version}`;
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
