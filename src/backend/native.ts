/** Opens our own backends, cpu and cuda, which the addon computes. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { ADDON_PATH, cudaAddonPath } from '../addon.js';
import { firstLine, RunError } from '../errors.js';
import { SET_UP, SET_UP_CUDA } from '../package-root.js';
import { type Addon, kernelNames, type Queue } from './addon.js';
import type { Backend, BackendOptions } from './backend.js';
import { registerKernels } from './kernels/index.js';
import { loadAddon } from './load-addon.js';
import { NativeBackend } from './native-backend.js';

/** Our backends' names in tfjs's registry, where `cpu` is tfjs-backend-cpu. */
export const NATIVE_BACKENDS = { cpu: 'onednn', cuda: 'cuda' } as const;
export type NativeName = keyof typeof NATIVE_BACKENDS;

const REMEDY: Readonly<Record<NativeName, string>> = {
  cpu: `Run ${SET_UP} to build it.`,
  cuda: 'Use --backend cpu, or see "cnn doctor".',
};

/** What makes backend cuda work, by why it does not; nothing where there is no GPU. */
export function cudaFix(reason: string): string | undefined {
  if (/driver is installed|driver supports/.test(reason)) {
    return 'install NVIDIA driver 580 or newer';
  }
  return /finds no GPU|compute capability/.test(reason) ? undefined : SET_UP_CUDA;
}

const opened = new Map<NativeName, NativeBackend>();

export async function openCpu(options: BackendOptions, why: string): Promise<Backend> {
  if (options.precision === 'tf32') {
    throw new RunError(
      'Backend cpu has no TF32, which is of NVIDIA GPUs. Use --precision f32, or --backend cuda.',
    );
  }
  const threads = options.threads ?? availableParallelism();
  // Tests refuse primitives for which oneDNN only has a reference implementation.
  const strict = process.env['CNN_STRICT'] === '1';
  const device = open('cpu', ADDON_PATH, threads, (addon) => addon.openCpu(threads, strict));
  const matrixUnits = device.queue.description.startsWith('amx');
  device.precision =
    options.precision === 'auto' ? (matrixUnits ? 'bf16' : 'f32') : options.precision;
  await tf.setBackend(NATIVE_BACKENDS.cpu);
  const lacking = matrixUnits || process.arch !== 'x64' ? '' : 'no AMX';
  return describe('cpu', device, `${why}; ${describeCpu(device, lacking)}`);
}

/** The same backend in the precision that `reason` is for. */
export function withPrecision(
  backend: Backend,
  { precision, reason }: { precision: 'f32' | 'bf16'; reason: string },
): Backend {
  const { device } = backend;
  if (device === undefined) return backend;
  device.precision = precision;
  const [why = ''] = backend.why.split('; ', 1);
  return { ...backend, precision, why: `${why}; ${describeCpu(device, reason)}` };
}

function describeCpu({ queue, precision }: NativeBackend, reason: string): string {
  const found = `oneDNN with ${queue.description} instructions, ${precision}`;
  return reason === '' ? found : `${found} (${reason})`;
}

/** Whether bfloat16 may be faster than float32 on this machine's processor. */
export function multipliesBf16(): boolean {
  return loadAddon().multipliesBf16();
}

export async function openCuda(options: BackendOptions, why: string): Promise<Backend> {
  const { precision, device: number = 0, deterministic = true } = options;
  const tf32 = precision === 'tf32';
  const device = open('cuda', cudaAddonPath(), 1, (addon) =>
    addon.openCuda(number, tf32, deterministic),
  );
  // Every GPU that is taken computes bfloat16 in its matrix units.
  device.precision = precision === 'f32' || tf32 ? 'f32' : 'bf16';
  await tf.setBackend(NATIVE_BACKENDS.cuda);
  const format = tf32 ? 'f32 with products in TF32' : device.precision;
  const found = `GPU ${number}: ${device.queue.description}, ${format}`;
  return describe('cuda', device, `${why}; ${found}${deterministic ? '' : ', not deterministic'}`);
}

/** A line for each GPU; throws why there is none. */
export function describeGpus(): string[] {
  return loadAddon(cudaAddonPath()).describeCuda();
}

/** What decodes JPEGs on a GPU, for `cnn doctor`; throws why nothing does. */
export function describeNvjpeg(): string {
  return loadAddon(cudaAddonPath()).describeNvjpeg();
}

/** Whether this machine has a GPU of NVIDIA, by its driver or its device file. */
export function seesGpu(): boolean {
  return ['/proc/driver/nvidia/version', '/dev/nvidia0'].some((path) => existsSync(path));
}

function open(
  name: NativeName,
  path: string,
  threads: number,
  openQueue: (addon: Addon) => Queue,
): NativeBackend {
  const known = opened.get(name);
  if (known) return known;
  let device: NativeBackend;
  try {
    const addon = loadAddon(path);
    device = new NativeBackend(openQueue(addon), kernelNames(addon), threads, 'f32');
  } catch (error) {
    throw new RunError(
      `Backend ${name} does not work here (${firstLine(error)}). ${REMEDY[name]}`,
      {
        cause: error,
      },
    );
  }
  const registered = NATIVE_BACKENDS[name];
  tf.registerBackend(registered, () => device, 10);
  registerKernels(registered);
  opened.set(name, device);
  return device;
}

function describe(name: NativeName, device: NativeBackend, why: string): Backend {
  return {
    name,
    precision: device.precision,
    why,
    warnings: [],
    threads: device.threads,
    sync: () => device.sync(),
    memory: () => {
      const { deviceBytes, peakBytes } = device.memory();
      return { bytes: deviceBytes, peakBytes };
    },
    ...(device.queue.memoryBytes > 0 && { memoryBytes: device.queue.memoryBytes }),
    fallbacks: () => device.fallbacks,
    device,
  };
}
