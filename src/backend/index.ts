/** Opens the tfjs backend that computes: ours, tfjs-node's, or plain JavaScript. */

import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { counted } from '../counted.js';
import '@tensorflow/tfjs-backend-cpu';
import { ADDON_PATH } from '../addon.js';
import { firstLine } from '../errors.js';
import { SET_UP, SET_UP_CUDA, SET_UP_TENSORFLOW } from '../package-root.js';
import type { Backend, BackendChoice, BackendName, BackendOptions } from './backend.js';
import { cudaFix, describeGpus, describeNvjpeg, openCpu, openCuda, seesGpu } from './native.js';
import { openJavaScript, openTensorflow } from './stock.js';
import { loadTensorflow } from './tensorflow/load.js';

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

/** The state of each backend on this machine, for `cnn doctor`. */
export async function inspectBackends(): Promise<BackendReport[]> {
  const reports: BackendReport[] = [];
  try {
    reports.push({ name: 'cuda', usable: true, detail: describeGpus().join('; ') });
  } catch (error) {
    const detail = firstLine(error);
    const fix = cudaFix(detail);
    reports.push({ name: 'cuda', usable: false, detail, ...(fix !== undefined && { fix }) });
  }
  try {
    const backend = await openCpu({ precision: 'auto' }, ADDON_PATH);
    const detail = `${backend.why}, ${counted(backend.threads, 'thread')}`;
    reports.push({ name: 'cpu', usable: true, detail });
  } catch (error) {
    reports.push({ name: 'cpu', usable: false, detail: (error as Error).message, fix: SET_UP });
  }
  try {
    const { description, warning } = await loadTensorflow(availableParallelism());
    const detail = [description, warning].filter(Boolean).join('. ');
    reports.push({ name: 'tensorflow', usable: true, detail });
  } catch (error) {
    const detail = firstLine(error);
    reports.push({ name: 'tensorflow', usable: false, detail, fix: SET_UP_TENSORFLOW });
  }
  reports.push({ name: 'js', usable: true, detail: 'tfjs-backend-cpu, plain JavaScript' });
  return reports;
}

/** What decodes JPEGs on a GPU, for `cnn doctor`; it matters where backend cuda is usable. */
export function inspectNvjpeg(cuda: boolean): { usable: boolean; detail: string; fix?: string } {
  if (!cuda) return { usable: false, detail: '--decode gpu needs backend cuda' };
  try {
    return { usable: true, detail: `${describeNvjpeg()} for --decode gpu` };
  } catch (error) {
    return { usable: false, detail: firstLine(error), fix: SET_UP_CUDA };
  }
}
