import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The compiled part of the project (native/), which computes and decodes; CNN_ADDON is another build of it. */
export const ADDON_PATH =
  process.env['CNN_ADDON'] ?? fileURLToPath(new URL('../build/cnn.node', import.meta.url));

/**
 * The addon's functions, whose types the callers know; throws what the dynamic loader says where it
 * is missing or does not fit this machine.
 */
export function requireAddon(): unknown {
  return createRequire(import.meta.url)(ADDON_PATH);
}
