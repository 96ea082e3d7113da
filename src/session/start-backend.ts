import { enableProdMode } from '@tensorflow/tfjs-core';
import { type Backend, openBackend } from '../backend/index.js';
import { withPrecision } from '../backend/native.js';
import type { Settings } from '../settings/types.js';
import { chosenDecoder, type Decode } from './decoding.js';
import type { Reporter } from './reporter.js';

/** Decides, with reason, on a precision for backend cpu where the settings leave it open. */
export type DecidePrecision = (
  backend: Backend,
) => Promise<{ readonly precision: 'f32' | 'bf16'; readonly reason: string } | undefined>;

/** The precision that a run had which left it open; `reason` says why it is taken again. */
export function precisionOf(
  run: Ran | undefined,
  reason: string,
): { precision: 'f32' | 'bf16'; reason: string } | undefined {
  if (run?.backend.name !== 'cpu' || run.settings['precision']?.value !== 'auto') return undefined;
  const { precision } = run.backend;
  return precision === 'f32' || precision === 'bf16' ? { precision, reason } : undefined;
}

/** What the record of a run says of it. */
interface Ran {
  readonly settings: Readonly<Record<string, { readonly value: unknown } | undefined>>;
  readonly backend: { readonly name: string; readonly precision: string };
}

/** Opens the backend that the settings name, and says which it is and why. */
export async function startBackend(
  settings: Pick<
    Settings<'eval'>,
    'backend' | 'device' | 'precision' | 'deterministic' | 'threads'
  > & { readonly decode?: Decode },
  reporter: Reporter,
  decide: DecidePrecision = async () => undefined,
): Promise<Backend> {
  // Without it tfjs-backend-cpu prints an advertisement for tfjs-node.
  enableProdMode();
  const { precision, device, deterministic, threads } = settings;
  const options = { precision, device, deterministic, threads: threads ?? undefined };
  const opened = await openBackend(settings.backend, options);
  const open = precision === 'auto' && opened.name === 'cpu';
  const decision = open ? await decide(opened) : undefined;
  const backend = decision === undefined ? opened : withPrecision(opened, decision);
  reporter.note(`backend ${backend.name} in ${backend.precision}: ${backend.why}`);
  for (const warning of backend.warnings) reporter.warn(warning);
  // Before anything else takes time.
  const decoder = chosenDecoder(settings.decode ?? 'cpu', backend);
  if (decoder !== undefined) reporter.note(`JPEGs by ${decoder.description}`);
  return backend;
}

/** The same for what a run has trained: where the settings leave it open, in the precision of the run. */
export function startBackendOf(
  run: Ran | undefined,
  settings: Parameters<typeof startBackend>[0],
  reporter: Reporter,
): Promise<Backend> {
  return startBackend(settings, reporter, async () => precisionOf(run, 'as it was trained'));
}

/** Says which kernels were not computed by the backend itself. */
export function warnFallbacks(backend: Backend, reporter: Reporter): void {
  const kernels = [...backend.fallbacks()];
  if (kernels.length === 0) return;
  const list = kernels.map(([name, times]) => `${name} (${times} times)`).join(', ');
  reporter.warn(`computed by copy in JavaScript, which is slow: ${list}`);
}
