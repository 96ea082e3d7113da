/** Opens the tfjs backend that computes: ours, tfjs-node's, or plain JavaScript. */
import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { ADDON_PATH } from '../addon.js';
import { RunError } from '../errors.js';
import { kernelNames } from './addon.js';
import { registerKernels } from './kernels/index.js';
import { loadAddon } from './load-addon.js';
import { NativeBackend } from './native-backend.js';
import { loadTensorflow, TENSORFLOW_BACKEND, TENSORFLOW_BINDING } from './tensorflow.js';

export type BackendName = 'cpu' | 'tensorflow' | 'js';
export type BackendChoice = 'auto' | BackendName;
export type Precision = 'auto' | 'f32' | 'bf16';

/** The name of our backend in tfjs's registry, where `cpu` is tfjs-backend-cpu. */
export const NATIVE_BACKEND = 'onednn';

export interface Backend {
  readonly name: BackendName;
  readonly precision: 'f32' | 'bf16';
  /** Why this backend and precision, in one sentence. */
  readonly why: string;
  /**
   * Warnings about a slower backend or precision than this machine allows, each with its remedy.
   */
  readonly warnings: readonly string[];
  readonly threads: number;
  /** Resolves when all work submitted so far is done. */
  sync(): Promise<void>;
  /** Bytes held by tensors on the device now, and the most held since it was opened. */
  memory(): { bytes: number; peakBytes: number };
  /** Kernels that were computed by copy on tfjs-backend-cpu, and how often. */
  fallbacks(): ReadonlyMap<string, number>;
  /** Our backend's object, whose kernels can be timed; the other backends have none. */
  readonly device?: NativeBackend;
}

export interface BackendOptions {
  readonly precision: Precision;
  readonly threads?: number | undefined;
}

export interface BackendReport {
  readonly name: BackendName;
  readonly usable: boolean;
  readonly detail: string;
  /** The command that fixes it. */
  readonly fix?: string;
}

const SET_UP = 'bin/setup';
const SET_UP_TENSORFLOW = `${SET_UP} --tensorflow`;

/** One sentence: `cnn doctor` says what each backend lacks. */
const LAST_RESORT = `No native backend works here: plain JavaScript computes, a hundred or more times slower. Run ${SET_UP} to build the backend cpu; "cnn doctor" says what is missing`;

/** Opens the backend asked for, or with `auto` the first that works. */
export async function openBackend(
  choice: BackendChoice,
  options: BackendOptions,
): Promise<Backend> {
  // Without it tfjs checks every kernel's shapes and advertises tfjs-node.
  tf.env().set('PROD', true);
  if (choice !== 'auto') return OPENERS[choice](options, 'it was asked for');
  const failed: string[] = [];
  for (const name of ['cpu', 'tensorflow'] as const) {
    try {
      const backend = await OPENERS[name](
        options,
        failed.length === 0 ? 'the best found' : 'cpu does not work here',
      );
      return { ...backend, warnings: [...failed, ...backend.warnings] };
    } catch (error) {
      failed.push((error as Error).message);
    }
  }
  const backend = await OPENERS.js(options, 'no other backend works here');
  return { ...backend, warnings: [LAST_RESORT] };
}

type Opener = (options: BackendOptions, why: string) => Promise<Backend>;

const OPENERS: Readonly<Record<BackendName, Opener>> = {
  cpu: openNative,
  tensorflow: openTensorflow,
  js: openJavaScript,
};

let native: NativeBackend | undefined;

/** Our backend's object, once it is open. */
export function nativeBackend(): NativeBackend | undefined {
  return native;
}

async function openNative(options: BackendOptions, why: string): Promise<Backend> {
  const threads = options.threads ?? availableParallelism();
  native ??= createNative(threads);
  const device = native;
  const matrixUnits = device.queue.description.startsWith('amx');
  device.precision =
    options.precision === 'auto' ? (matrixUnits ? 'bf16' : 'f32') : options.precision;
  await tf.setBackend(NATIVE_BACKEND);
  const units = `${device.queue.description} instructions`;
  return {
    name: 'cpu',
    precision: device.precision,
    why: `${why}; oneDNN with ${units}, ${device.precision}${matrixUnits ? '' : ' (no AMX)'}`,
    warnings: [],
    threads: device.threads,
    sync: () => device.sync(),
    memory: () => {
      const { deviceBytes, peakBytes } = device.memory();
      return { bytes: deviceBytes, peakBytes };
    },
    fallbacks: () => device.fallbacks,
    device,
  };
}

function createNative(threads: number): NativeBackend {
  // Tests refuse primitives for which oneDNN only has a reference implementation.
  const strict = process.env['CNN_STRICT'] === '1';
  let device: NativeBackend;
  try {
    const addon = loadAddon();
    device = new NativeBackend(addon.openCpu(threads, strict), kernelNames(addon), threads, 'f32');
  } catch (error) {
    throw new RunError(
      `The native backend cpu cannot be loaded (${firstLine(error)}). Run ${SET_UP} to build it.`,
      { cause: error },
    );
  }
  tf.registerBackend(NATIVE_BACKEND, () => device, 10);
  registerKernels(NATIVE_BACKEND);
  return device;
}

async function openTensorflow(options: BackendOptions, why: string): Promise<Backend> {
  refuseBf16('tensorflow', options);
  const threads = options.threads ?? availableParallelism();
  try {
    const found = await loadTensorflow(threads);
    await tf.setBackend(TENSORFLOW_BACKEND);
    return { ...stockBackend('tensorflow', `${why}; ${found}`), threads };
  } catch (error) {
    throw new RunError(
      `The backend tensorflow cannot be loaded (${firstLine(error)}). Run ${SET_UP_TENSORFLOW}, or use --backend cpu.`,
      { cause: error },
    );
  }
}

async function openJavaScript(options: BackendOptions, why: string): Promise<Backend> {
  refuseBf16('js', options);
  await tf.setBackend('cpu');
  return stockBackend('js', `${why}; plain JavaScript`);
}

function refuseBf16(name: BackendName, options: BackendOptions): void {
  if (options.precision === 'bf16') {
    throw new RunError(
      `The backend ${name} computes in f32 only. Use --precision f32, or --backend cpu.`,
    );
  }
}

function stockBackend(name: BackendName, why: string): Backend {
  let peakBytes = 0;
  return {
    name,
    precision: 'f32',
    why,
    warnings: [],
    threads: 1,
    sync: async () => {},
    memory: () => {
      const bytes = tf.memory().numBytes;
      peakBytes = Math.max(peakBytes, bytes);
      return { bytes, peakBytes };
    },
    fallbacks: () => new Map(),
  };
}

/** The state of each backend on this machine, for `cnn doctor`. */
export async function inspectBackends(): Promise<BackendReport[]> {
  const reports: BackendReport[] = [];
  try {
    const backend = await openNative({ precision: 'auto' }, ADDON_PATH);
    const detail = `${backend.why}, ${backend.threads} threads`;
    reports.push({ name: 'cpu', usable: true, detail });
  } catch (error) {
    reports.push({ name: 'cpu', usable: false, detail: (error as Error).message, fix: SET_UP });
  }
  try {
    const backend = await openTensorflow({ precision: 'auto' }, TENSORFLOW_BINDING);
    reports.push({ name: 'tensorflow', usable: true, detail: backend.why });
  } catch (error) {
    const detail = (error as Error).message;
    reports.push({ name: 'tensorflow', usable: false, detail, fix: SET_UP_TENSORFLOW });
  }
  reports.push({ name: 'js', usable: true, detail: 'tfjs-backend-cpu, plain JavaScript' });
  return reports;
}

function firstLine(error: unknown): string {
  return (error as Error).message.split('\n')[0] as string;
}
