import { enableProdMode } from '@tensorflow/tfjs-core';
import { type Backend, openBackend } from '../backend/index.js';
import type { Settings } from '../settings/types.js';
import { chosenDecoder, type Decode } from './decoding.js';
import type { Reporter } from './reporter.js';

/** Opens the backend that the settings name, and says which it is and why. */
export async function startBackend(
  settings: Pick<
    Settings<'eval'>,
    'backend' | 'device' | 'precision' | 'deterministic' | 'threads'
  > & { readonly decode?: Decode },
  reporter: Reporter,
): Promise<Backend> {
  // Without it tfjs-backend-cpu prints an advertisement for tfjs-node.
  enableProdMode();
  const { precision, device, deterministic, threads } = settings;
  const options = { precision, device, deterministic, threads: threads ?? undefined };
  const backend = await openBackend(settings.backend, options);
  reporter.note(`backend ${backend.name} in ${backend.precision}: ${backend.why}`);
  for (const warning of backend.warnings) reporter.warn(warning);
  // Before anything else takes time.
  const decoder = chosenDecoder(settings.decode ?? 'cpu', backend);
  if (decoder !== undefined) reporter.note(`JPEGs by ${decoder.description}`);
  return backend;
}

/** Says which kernels were not computed by the backend itself. */
export function warnFallbacks(backend: Backend, reporter: Reporter): void {
  const kernels = [...backend.fallbacks()];
  if (kernels.length === 0) return;
  const list = kernels.map(([name, times]) => `${name} (${times} times)`).join(', ');
  reporter.warn(`computed by copy in JavaScript, which is slow: ${list}`);
}
