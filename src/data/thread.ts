import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

/**
 * A thread that runs the module at a URL, `new URL('./decode-worker.js', import.meta.url)` for one.
 * When the program runs from source, the module is TypeScript, and tsx must be registered in each
 * thread.
 */
export function startThread(module: URL, workerData?: unknown): Worker {
  const source = import.meta.url.endsWith('.ts');
  if (!source) return new Worker(module, { workerData });
  const tsx = createRequire(import.meta.url).resolve('tsx/cjs/api');
  const entry = fileURLToPath(module).replace(/\.js$/, '.ts');
  const code = `require(${JSON.stringify(tsx)}).register(); require(${JSON.stringify(entry)});`;
  return new Worker(code, { workerData, eval: true });
}
