/**
 * The kernels that the addon computes.
 *
 * How to add one: its C++ body and parameter struct (native/kernel.h says how), the struct's fields
 * in ../parameters.ts, and a row in the file of its family here: a function that works out shapes
 * and calls `backend.run`.
 */
import {
  getKernel,
  type KernelConfig,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { cpuKernels, runFallback } from '../fallback.js';
import type { NativeBackend } from '../native-backend.js';
import { activationGradKernels } from './activation-grad.js';
import { binaryKernels } from './binary.js';
import { collectiveKernels } from './collective.js';
import { dropoutKernels } from './dropout.js';
import { imageKernels } from './image.js';
import { layoutKernels } from './layout.js';
import { lossKernels } from './loss.js';
import { batchNormKernels } from './normalisation/batch-norm.js';
import { joinedMapsKernels } from './normalisation/joined-maps.js';
import { lrnKernels } from './normalisation/lrn.js';
import { optimizerKernels } from './optimizers.js';
import { poolKernels } from './pooling/pool.js';
import { windowMeansKernels } from './pooling/window-means.js';
import { convolutionKernels } from './products/convolution.js';
import { matmulKernels } from './products/matmul.js';
import { reduceKernels } from './reduce.js';
import type { KernelFunction, KernelRows } from './row.js';
import { unaryKernels } from './unary.js';
import { viewKernels } from './views.js';

const rows: KernelRows = {
  ...viewKernels,
  ...convolutionKernels,
  ...matmulKernels,
  ...unaryKernels,
  ...binaryKernels,
  ...reduceKernels,
  ...layoutKernels,
  ...poolKernels,
  ...windowMeansKernels,
  ...lrnKernels,
  ...batchNormKernels,
  ...joinedMapsKernels,
  ...activationGradKernels,
  ...dropoutKernels,
  ...imageKernels,
  ...lossKernels,
  ...optimizerKernels,
  ...collectiveKernels,
};

/** The names of the kernels that have a row: tfjs's, or ours where tfjs has none. */
export const ROW_NAMES: readonly string[] = Object.keys(rows);

/** Registers our kernels, and the counted CPU fallback for all others that tfjs-backend-cpu has. */
export function registerKernels(backendName: string): void {
  const cpu = cpuKernels();
  for (const kernelName of new Set([...cpu.keys(), ...Object.keys(rows)])) {
    const row = rows[kernelName];
    const fallback = cpu.get(kernelName);
    register(backendName, kernelName, row, fallback);
  }
}

function register(
  backendName: string,
  kernelName: string,
  row: KernelFunction | undefined,
  fallback: KernelConfig | undefined,
): void {
  if (getKernel(kernelName, backendName)) unregisterKernel(kernelName, backendName);
  registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs, backend }): TensorInfo | TensorInfo[] => {
      const call = { inputs, attrs: attrs ?? {}, backend: backend as NativeBackend };
      const result = row?.(call);
      if (result !== undefined) return result;
      if (fallback === undefined) {
        throw new Error(`${kernelName} has no CPU kernel for these inputs and attributes.`);
      }
      return runFallback(fallback, call);
    },
  });
}
