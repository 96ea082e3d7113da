import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import {
  engine,
  getKernelsForBackend,
  type KernelConfig,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { NativeBackend } from './native-backend.js';
import type { HostValues } from './native-data.js';

/** Some kernels have lists of tensors among their named inputs (RaggedGather). */
type Input = TensorInfo | undefined | Input[];
type Inputs = Record<string, Input> | Input[];

/** The kernels of tfjs-backend-cpu by name. */
export function cpuKernels(): Map<string, KernelConfig> {
  return new Map(getKernelsForBackend('cpu').map((config) => [config.kernelName, config]));
}

/**
 * Runs a kernel of tfjs-backend-cpu on copies of the inputs and copies the results back. It is
 * slow, and meant for rare kernels outside the training path; every use is counted.
 */
export function runFallback(
  config: KernelConfig,
  call: { inputs: Inputs; attrs: unknown; backend: NativeBackend },
): TensorInfo | TensorInfo[] {
  const { inputs, attrs, backend } = call;
  const name = config.kernelName;
  backend.fallbacks.set(name, (backend.fallbacks.get(name) ?? 0) + 1);
  const cpu = engine().findBackend('cpu') as MathBackendCPU;
  const copies: TensorInfo[] = [];
  const copyIn = (input: Input): Input => {
    if (input === undefined || input === null) return input;
    if (Array.isArray(input)) return input.map(copyIn);
    const copy = toCpu(cpu, backend, input);
    copies.push(copy);
    return copy;
  };
  const cpuInputs = Array.isArray(inputs)
    ? inputs.map(copyIn)
    : Object.fromEntries(Object.entries(inputs ?? {}).map(([key, value]) => [key, copyIn(value)]));
  const result = config.kernelFunc({
    inputs: cpuInputs as unknown as NamedTensorInfoMap,
    attrs: attrs as NamedAttrMap,
    backend: cpu,
  });
  const results = Array.isArray(result) ? result : [result];
  const outputs = results.map((tensor) => fromCpu(cpu, backend, tensor));
  for (const tensor of [...results, ...copies]) cpu.disposeData(tensor.dataId);
  return Array.isArray(result) ? outputs : (outputs[0] as TensorInfo);
}

function toCpu(cpu: MathBackendCPU, backend: NativeBackend, tensor: TensorInfo): TensorInfo {
  const { host } = backend.data(tensor.dataId);
  if (host !== undefined && !Array.isArray(host)) return complexOnCpu(cpu, host, tensor.shape);
  const values = host ?? backend.readSync(tensor.dataId);
  const copy = cpu.makeTensorInfo(tensor.shape, tensor.dtype, values as Float32Array);
  // Dilation2DBackpropInput asks for the rank, which tensors have and their descriptions do not.
  return { ...copy, rank: tensor.shape.length } as TensorInfo;
}

function complexOnCpu(
  cpu: MathBackendCPU,
  parts: { real: Float32Array; imag: Float32Array },
  shape: number[],
): TensorInfo {
  const info = cpu.makeTensorInfo(shape, 'complex64');
  cpu.data.get(info.dataId).complexTensorInfos = {
    real: cpu.makeTensorInfo(shape, 'float32', parts.real),
    imag: cpu.makeTensorInfo(shape, 'float32', parts.imag),
  };
  return info;
}

function fromCpu(cpu: MathBackendCPU, backend: NativeBackend, tensor: TensorInfo): TensorInfo {
  const { shape, dtype } = tensor;
  const parts = cpu.data.get(tensor.dataId).complexTensorInfos;
  if (parts !== undefined && parts !== null) {
    const host: HostValues = {
      real: Float32Array.from(cpu.readSync(parts.real.dataId) as Float32Array),
      imag: Float32Array.from(cpu.readSync(parts.imag.dataId) as Float32Array),
    };
    return backend.writeHost(host, shape, 'complex64');
  }
  const values = cpu.readSync(tensor.dataId);
  return { dataId: backend.write(values, shape, dtype), shape, dtype };
}
