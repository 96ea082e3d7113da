import type { Layout } from './layout.js';
/** Programs that stay: each trains or runs one network and measures when it is asked to. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Amount } from '../src/measure/steps.js';
import { PACKAGE_ROOT } from '../src/package-root.js';
import type { Cell } from './results.js';

/** Where PyTorch computes. */
export type Device = 'cpu' | 'cuda';

/** What is trained, the same for all programs. */
export interface Work extends Omit<Cell, 'hardware'> {
  /** The network's own where it is left out. */
  readonly input_size?: number;
}

export interface Measured {
  readonly steps: number;
  readonly images_per_second: number;
  readonly milliseconds_per_step: number;
  readonly javascript_milliseconds_per_step?: number;
  readonly peak_bytes?: number;
  readonly peak_resident_bytes: number;
  readonly layout?: Layout;
}

export interface Program {
  readonly version: string;
  measure(amount: Amount): Promise<Measured>;
  /** Ends the process. */
  close(): Promise<void>;
}

export function startOwn(work: Work, backend: string, signal?: AbortSignal): Promise<Program> {
  const { arch, batch_size, precision, aux_weight, threads, input_size } = work;
  const { task = 'train' } = work;
  const settings = {
    ...{ arch, backend, precision, threads, 'batch-size': batch_size },
    ...(task === 'train' ? { 'aux-weight': aux_weight } : {}),
    ...(input_size === undefined ? {} : { 'input-size': input_size }),
  };
  return start(process.execPath, ['bench/own.js', JSON.stringify(settings), task], signal);
}

/** tfjs's `model.fit` on TensorFlow's library. */
export function startModelFit({ arch, batch_size, threads }: Work): Promise<Program> {
  const settings = { arch, threads, 'batch-size': batch_size };
  return start(process.execPath, ['bench/model-fit.js', JSON.stringify(settings)]);
}

export interface Peer {
  readonly python: string;
  readonly layout: Layout;
  readonly compile: boolean;
  readonly device: Device;
}

export function startPytorch(
  work: Work,
  { python, layout, compile, device }: Peer,
  signal?: AbortSignal,
): Promise<Program> {
  const args = [
    ...['bench/pytorch.py', '--serve', '--arch', work.arch, '--precision', work.precision],
    ...['--batch-size', String(work.batch_size), '--threads', String(work.threads)],
    ...['--aux-weight', String(work.aux_weight), '--layout', layout],
    ...['--device', device],
    ...(work.input_size === undefined ? [] : ['--input-size', String(work.input_size)]),
    ...(compile ? ['--compile'] : []),
    ...(work.task === 'eval' ? ['--eval'] : []),
  ];
  return start(python, args, signal);
}

/** ONNX Runtime on the file of a network. */
export function startOnnxRuntime(
  { batch_size, threads }: Work,
  python: string,
  model: string,
): Promise<Program> {
  const sizes = ['--batch-size', String(batch_size), '--threads', String(threads)];
  return start(python, ['bench/onnx_runtime.py', '--model', model, ...sizes]);
}

/**
 * A process that says its version in a line of JSON and answers each line of stdin with another.
 * `signal` kills it.
 */
async function start(
  command: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<Program> {
  const child = spawn(command, args, {
    cwd: PACKAGE_ROOT,
    stdio: ['pipe', 'pipe', 'pipe'],
    killSignal: 'SIGKILL',
    ...(signal ? { signal } : {}),
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4000);
  });
  // A write to a process that ended is told by the answer that fails to come.
  child.stdin.on('error', () => {});
  const failed = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const end = signal === null ? `code ${code}` : signal;
      const what = `This ended with ${end}: ${command} ${args.join(' ')}`;
      reject(new Error([complaints.trim(), what].filter(Boolean).join('\n')));
    });
  });
  failed.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    // The end of the output comes just before the end of the process.
    return done ? failed : (JSON.parse(value) as T);
  };
  const { version } = await Promise.race([answer<{ version: string }>(), failed]);
  return {
    version,
    measure(amount) {
      child.stdin.write(`${JSON.stringify(amount)}\n`);
      return answer<Measured>();
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'close');
      child.stdin.end();
      await ended;
    },
  };
}
