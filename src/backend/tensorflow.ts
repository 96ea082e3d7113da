/**
 * TensorFlow's library through @tensorflow/tfjs-node-gpu: as `bin/setup --tensorflow` put both into
 * build/tensorflow, else as npm installed a package with a binary of its own.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { PACKAGE_ROOT } from '../package-root.js';

export const TENSORFLOW_BACKEND = 'tensorflow';
const FOLDER = join(PACKAGE_ROOT, 'build/tensorflow');
export const TENSORFLOW_BINDING = join(FOLDER, 'tfjs_binding.node');
const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** What tfjs-node's backend says of itself. */
interface NodeBackend extends tf.KernelBackend {
  readonly binding: { readonly TF_Version: string };
  readonly isUsingGpuDevice: boolean;
}

/**
 * Registers the backend and says what it is; throws where there is none. Only the first call
 * decides on the threads.
 */
export async function loadTensorflow(threads: number): Promise<string> {
  setEnvironment(threads);
  const found = existsSync(TENSORFLOW_BINDING) ? loadOwn() : await loadInstalled();
  const { binding, isUsingGpuDevice } = tf.engine().findBackend(TENSORFLOW_BACKEND) as NodeBackend;
  const device = isUsingGpuDevice ? 'on a GPU' : 'on the CPU: it found no GPU';
  return `TensorFlow ${binding.TF_Version} by ${found} ${device}`;
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
  const load = createRequire(TENSORFLOW_BINDING);
  const [name] = PACKAGES;
  const { version } = load(`${name}/package.json`) as { version: string };
  if (!tf.engine().findBackendFactory(TENSORFLOW_BACKEND)) {
    load(`${name}/dist/register_all_kernels.js`);
    const { NodeJSKernelBackend } = load(`${name}/dist/nodejs_kernel_backend.js`) as {
      NodeJSKernelBackend: new (binding: unknown, name: string) => tf.KernelBackend;
    };
    const backend = new NodeJSKernelBackend(load(TENSORFLOW_BINDING), name);
    tf.registerBackend(TENSORFLOW_BACKEND, () => backend, 3);
  }
  return `${name} ${version}`;
}

async function loadInstalled(): Promise<string> {
  const reasons: string[] = [];
  for (const name of PACKAGES) {
    try {
      await import(name);
      return name;
    } catch (error) {
      reasons.push((error as Error).message.split('\n')[0] as string);
    }
  }
  throw new Error(reasons.join('; '));
}
