import type { TensorInfo } from '@tensorflow/tfjs-core';
import { UsageError } from '../errors.js';
import type { Backend } from './index.js';
import { bytesOf, operationsOf } from './kernel-work.js';
import type { NativeBackend } from './native-backend.js';
import type { NativeKernel, ParametersOf } from './parameters.js';

/** The parts of a training step. */
export const PHASES = ['input', 'forward', 'loss', 'backward', 'optimizer'] as const;
export type Phase = (typeof PHASES)[number];

/** Where in training a kernel call belongs. */
export interface Place {
  readonly step: number;
  readonly phase: Phase;
  /** Empty where the call belongs to no layer. */
  readonly layer: string;
  /** When the JavaScript thread enqueued it. */
  readonly time: number;
}

/** A kernel call; times are in milliseconds of one clock, that of performance.now(). */
export interface KernelCall {
  readonly kernel: string;
  readonly place: Place;
  /** Shapes of the first two inputs and of the first output. */
  readonly shapes: readonly (readonly number[])[];
  readonly operations: number;
  readonly bytes: number;
  readonly enqueued: number;
  readonly start: number;
  readonly end: number;
}

/** A profiler of our backend; the others cannot tell how long their kernels take. */
export function profilerOf({ name, device }: Backend): Profiler {
  if (device) return new Profiler(device);
  throw new UsageError(
    `Expected --backend cpu or cuda, whose kernels can be timed, for --profile and --trace, but the backend is ${name}`,
  );
}

type Submitted = Omit<KernelCall, 'start' | 'end'>;

/** Times every kernel on the thread that computes, and notes what it was called for. */
export class Profiler {
  #calls: Submitted[] = [];
  #place: Place = { step: -1, phase: 'input', layer: '', time: performance.now() };

  constructor(readonly device: NativeBackend) {}

  async start(): Promise<void> {
    await this.device.sync();
    this.device.queue.profile(true);
    this.device.onRun = (...call) => this.#note(...call);
  }

  /** Kernels that are called from now on belong to this step, and to its input at first. */
  beginStep(step: number): void {
    this.#place = { step, phase: 'input', layer: '', time: performance.now() };
  }

  /** Kernels that are called from now on belong to this layer. */
  enter(phase: Phase, layer: string): void {
    this.#place = { step: this.#place.step, phase, layer, time: performance.now() };
  }

  /** Ends the profile when all work is done; its calls are in order. */
  async stop(): Promise<KernelCall[]> {
    const { device } = this;
    device.onRun = undefined;
    await device.sync();
    device.queue.profile(false);
    const times = device.queue.timings();
    if (times.length !== 3 * this.#calls.length) {
      throw new Error(`${times.length / 3} kernels ran but ${this.#calls.length} were called.`);
    }
    // process.hrtime() is the clock of the addon.
    const [seconds, nanoseconds] = process.hrtime();
    const shift = performance.now() - 1e3 * seconds - 1e-6 * nanoseconds;
    const calls = this.#calls.map((call, index) => ({
      ...call,
      start: 1e3 * (times[3 * index + 1] as number) + shift,
      end: 1e3 * (times[3 * index + 2] as number) + shift,
    }));
    this.#calls = [];
    return calls;
  }

  #note<K extends NativeKernel>(
    kernel: K,
    inputs: readonly (TensorInfo | undefined)[],
    outputs: readonly TensorInfo[],
    parameters: ParametersOf<K>,
  ): void {
    const [a, b] = inputs;
    this.#calls.push({
      kernel,
      place: this.#place,
      shapes: [a, b, outputs[0]].flatMap((tensor) => (tensor ? [tensor.shape] : [])),
      operations: operationsOf(kernel, parameters),
      bytes: bytesOf(this.device, kernel, inputs, outputs, parameters),
      enqueued: performance.now(),
    });
  }
}
