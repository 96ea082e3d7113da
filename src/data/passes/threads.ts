import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

/**
 * A thread that runs a module of this folder, `decode-worker` for one. Compiled, the module is
 * JavaScript. From source it is TypeScript, which tsx has to be told of anew in every thread.
 */
export function startThread(module: string, workerData?: unknown): Worker {
  const source = import.meta.url.endsWith('.ts');
  if (!source) return new Worker(new URL(`./${module}.js`, import.meta.url), { workerData });
  const tsx = createRequire(import.meta.url).resolve('tsx/cjs/api');
  const entry = fileURLToPath(new URL(`./${module}.ts`, import.meta.url));
  const code = `require(${JSON.stringify(tsx)}).register(); require(${JSON.stringify(entry)});`;
  return new Worker(code, { workerData, eval: true });
}
