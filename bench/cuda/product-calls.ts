/**
 * The convolutions and matrix products of training steps, told by the backend that computes
 * nothing.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Architecture } from '../../src/archs/index.js';
import { type CountingBackend, withCountingBackend } from '../../src/backend/counting-backend.js';
import {
  countWords,
  type NativeKernel,
  type Parameters,
  packParameters,
} from '../../src/backend/parameters.js';
import { countStep } from '../../src/measure/memory.js';

const CONVOLUTIONS = ['FusedConv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'] as const;
const PRODUCTS: readonly NativeKernel[] = [...CONVOLUTIONS, 'BatchMatMul'];

/** A call of a kernel that several layers of several networks may share. */
export interface ProductCall {
  readonly kernel: NativeKernel;
  /** How the factors are stored, and the result where it is another way: `bf16`, `bf16-f32`. */
  readonly types: string;
  readonly bias: boolean;
  readonly parameters: Parameters;
  /** Each once, in the order of the catalogue. */
  readonly networks: string[];
}

/** The calls of a training step of each network at each batch size, each once. */
export function productCalls(
  networks: readonly Architecture[],
  batchSizes: readonly number[],
  precision: 'f32' | 'bf16',
): Promise<ProductCall[]> {
  const found = new Map<string, ProductCall>();
  const count = (device: CountingBackend) => {
    for (const architecture of networks) {
      device.onRun = (kernel, inputs, outputs, parameters) => {
        if (!PRODUCTS.includes(kernel)) return;
        const call = {
          kernel,
          types: typesOf(device, inputs, outputs),
          bias: inputs.length > 2,
          parameters: parameters as unknown as Parameters,
        };
        const line = requestLine(call);
        const known = found.get(line) ?? { ...call, networks: [] };
        if (!known.networks.includes(architecture.name)) known.networks.push(architecture.name);
        found.set(line, known);
      };
      const { size: inputSize, channels, classes: numClasses } = architecture;
      for (const batchSize of batchSizes) {
        countStep(architecture, { batchSize, inputSize, channels, numClasses });
      }
    }
    return [...found.values()];
  };
  return withCountingBackend(precision, count, new Error('Only shapes are asked for.'));
}

/** A factor in float32 beside one in bf16 is a weight, of which the kernel takes a copy in bf16. */
function typesOf(
  device: CountingBackend,
  inputs: readonly (TensorInfo | undefined)[],
  outputs: readonly TensorInfo[],
): string {
  const factors = inputs.slice(0, 2).map((input) => input && device.storageOf(input));
  const values = factors.includes('bf16') ? 'bf16' : 'f32';
  const result = outputs[0] && device.storageOf(outputs[0]);
  return result === values ? values : `${values}-${result}`;
}

/** A line of input for cudnn-plans (native/cuda/plans/main.cc). */
export function requestLine({ kernel, types, bias, parameters }: Omit<ProductCall, 'networks'>) {
  const fields = new Int32Array(countWords(kernel, parameters));
  packParameters(kernel, parameters, fields, new Float32Array(fields.buffer), 0);
  return [kernel, types, Number(bias), ...fields].join(' ');
}
