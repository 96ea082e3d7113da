/** Opens the tfjs backend that computes: ours, tfjs-node's, or plain JavaScript. */
import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { ADDON_PATH } from '../addon.js';
import { RunError } from '../errors.js';
import type { Backend, BackendChoice, BackendName, BackendOptions } from './backend.js';
import { describeGpus, openCpu, openCuda, SET_UP, SET_UP_CUDA, seesGpu } from './native.js';
import { loadTensorflow, TENSORFLOW_BACKEND, TENSORFLOW_BINDING } from './tensorflow.js';

export type {
  Backend,
  BackendChoice,
  BackendName,
  BackendOptions,
  Precision,
} from './backend.js';

export interface BackendReport {
  readonly name: BackendName;
  readonly usable: boolean;
  readonly detail: string;
  /** The command that fixes it. */
  readonly fix?: string;
}

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
  for (const name of ['cuda', 'cpu', 'tensorflow'] as const) {
    try {
      const why = name === 'tensorflow' ? 'cpu does not work here' : 'the best found';
      const backend = await OPENERS[name](options, why);
      return { ...backend, warnings: [...failed, ...backend.warnings] };
    } catch (error) {
      // A machine without a GPU lacks nothing.
      if (name !== 'cuda' || seesGpu()) failed.push((error as Error).message);
    }
  }
  const backend = await OPENERS.js(options, 'no other backend works here');
  return { ...backend, warnings: [LAST_RESORT] };
}

type Opener = (options: BackendOptions, why: string) => Promise<Backend>;

const OPENERS: Readonly<Record<BackendName, Opener>> = {
  cuda: openCuda,
  cpu: openCpu,
  tensorflow: openTensorflow,
  js: openJavaScript,
};

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
  if (options.precision === 'bf16' || options.precision === 'tf32') {
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
    reports.push({ name: 'cuda', usable: true, detail: describeGpus().join('; ') });
  } catch (error) {
    const detail = firstLine(error);
    reports.push({ name: 'cuda', usable: false, detail, fix: SET_UP_CUDA });
  }
  try {
    const backend = await openCpu({ precision: 'auto' }, ADDON_PATH);
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
