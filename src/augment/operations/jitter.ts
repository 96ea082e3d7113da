import type { Random } from '../../rng.js';
import type { Operation } from './operations.js';

/** How far the colours of an image may move; 0 is not at all. */
export interface ColourJitter {
  /** Factors of brightness, contrast and saturation are between 1 - and 1 + these, and not below 0. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** The hue turns by up to this share of a turn, either way; 0.5 at most. */
  readonly hue: number;
}

/** torchvision's ColorJitter: factors that are uniform in their ranges, in any order. */
export function drawJitter(jitter: ColourJitter, draw: Random): Operation[] {
  const { brightness, contrast, saturation, hue } = jitter;
  const between = (least: number, most: number) => least + (most - least) * draw.uniform();
  const factor = (range: number) => [between(Math.max(0, 1 - range), 1 + range)];
  // Each is drawn whether it is used or not.
  const operations = [
    { used: brightness > 0, kind: 'Brightness', values: factor(brightness) },
    { used: contrast > 0, kind: 'Contrast', values: factor(contrast) },
    { used: saturation > 0, kind: 'Saturation', values: factor(saturation) },
    { used: hue > 0, kind: 'Hue', values: [between(-hue, hue)] },
  ] as const;
  return operations
    .map((operation) => ({ operation, place: draw.word() }))
    .sort((a, b) => a.place - b.place)
    .filter(({ operation }) => operation.used)
    .map(({ operation: { kind, values } }) => ({ kind, values }));
}
