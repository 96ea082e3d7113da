/** Opens the backends of tfjs: TensorFlow's library, and plain JavaScript. */
import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { firstLine, RunError } from '../errors.js';
import { SET_UP_TENSORFLOW } from '../package-root.js';
import type { Backend, BackendName, BackendOptions } from './backend.js';
import { loadTensorflow } from './tensorflow/load.js';
import { TENSORFLOW_BACKEND } from './tensorflow/operation.js';

export async function openTensorflow(options: BackendOptions, why: string): Promise<Backend> {
  refuseBf16('tensorflow', options);
  const threads = options.threads ?? availableParallelism();
  try {
    const { description, warning } = await loadTensorflow(threads);
    await tf.setBackend(TENSORFLOW_BACKEND);
    const warnings = warning === undefined ? [] : [warning];
    return { ...stockBackend('tensorflow', `${why}; ${description}`), warnings, threads };
  } catch (error) {
    throw new RunError(
      `The backend tensorflow cannot be loaded (${firstLine(error)}). Run ${SET_UP_TENSORFLOW}, or use --backend cpu.`,
      { cause: error },
    );
  }
}

export async function openJavaScript(options: BackendOptions, why: string): Promise<Backend> {
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
