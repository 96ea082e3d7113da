import { type Backend, openBackend } from '../backend/index.js';
import type { Settings } from '../config.js';
import type { Reporter } from './reporter.js';

/** Opens the backend that the settings name, and says which it is and why. */
export async function startBackend(
  settings: Pick<Settings<'eval'>, 'backend' | 'precision' | 'threads'>,
  reporter: Reporter,
): Promise<Backend> {
  const { precision, threads } = settings;
  const options = threads === null ? { precision } : { precision, threads };
  const backend = await openBackend(settings.backend, options);
  reporter.note(`backend ${backend.name} in ${backend.precision}: ${backend.why}`);
  for (const warning of backend.warnings) reporter.warn(warning);
  return backend;
}
