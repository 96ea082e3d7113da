/** Changes of pixels after the crop, by the addon (native/augment/). */
import { requireAddon } from '../../addon.js';
import {
  OPERATION_KINDS,
  OPERATION_NUMBERS,
  type Operation,
  packOperations,
  type Transform,
} from '../../augment/index.js';
import { RunError } from '../../errors.js';
import { SET_UP } from '../../package-root.js';

interface AugmentAddon {
  /** [name, value, …] of what both sides have to know. */
  augmentFacts(): string[];
  /** Changes an image (size, size, channels) in place. */
  augmentPixels(pixels: Uint8Array, size: number, channels: 1 | 3, operations: Float64Array): void;
}

const FACTS = [
  ...['operations', OPERATION_KINDS.join(', ')],
  ...['numbers of an operation', String(OPERATION_NUMBERS)],
];

let found: AugmentAddon | Error | undefined;

/** Applies operations to an image of `size` × `size` pixels. */
export function augmentPixels(
  pixels: Uint8Array,
  size: number,
  channels: 1 | 3,
  operations: readonly Operation[],
): void {
  if (operations.length === 0) return;
  requireAugmentAddon().augmentPixels(pixels, size, channels, packOperations(operations));
}

/** Throws a RunError where a transform asks for changes of pixels that nothing here computes. */
export function checkAugmentation({ auto, jitter }: Transform): void {
  if (auto !== undefined || jitter !== undefined) requireAugmentAddon();
}

function requireAugmentAddon(): AugmentAddon {
  found ??= findAddon();
  if (!(found instanceof Error)) return found;
  throw new RunError(
    `--auto-augment and --color-jitter need the addon, but ${found.message}: run ${SET_UP}, or leave them out`,
  );
}

function findAddon(): AugmentAddon | Error {
  try {
    const addon = requireAddon() as Partial<AugmentAddon>;
    const known = addon.augmentFacts?.().join('; ') === FACTS.join('; ');
    return known ? (addon as AugmentAddon) : new Error('it was built from other sources');
  } catch {
    return new Error('it cannot be loaded');
  }
}
