import { type Random, random } from '../../rng.js';
import type { CatalogueImage } from './catalogue-entry.js';

/** Inside the shape? x and y from its centre in units of its radius. */
type Shape = (x: number, y: number) => boolean;

const SHAPES: Readonly<Record<string, Shape>> = {
  circle: (x, y) => Math.hypot(x, y) < 1,
  cross: (x, y) =>
    Math.max(Math.abs(x), Math.abs(y)) < 1 && Math.min(Math.abs(x), Math.abs(y)) < 0.3,
  ring: (x, y) => Math.hypot(x, y) < 1 && Math.hypot(x, y) > 0.6,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.9,
  triangle: (x, y) => y < 0.8 && y > 2 * Math.abs(x) - 1,
};
const COLOURS = { blue: [50, 90, 210], orange: [230, 120, 40] } as const;
const SIDE = 64;
const PER_CLASS = { train: 50, val: 10 } as const;
const SEED = 0;

/** Ten classes, shape × colour, at random places and sizes on noisy grey. Always the same bytes. */
export async function* syntheticImages(): AsyncGenerator<CatalogueImage> {
  let image = 0;
  for (const split of ['train', 'val'] as const) {
    for (const [colourName, colour] of Object.entries(COLOURS)) {
      for (const [shapeName, shape] of Object.entries(SHAPES)) {
        for (let index = 0; index < PER_CLASS[split]; index++) {
          const data = drawShape(shape, colour, random(SEED, 'augment', image++));
          yield {
            split,
            className: `${colourName}-${shapeName}`,
            name: `${index}`.padStart(3, '0'),
            image: { data, width: SIDE, height: SIDE, channels: 3 },
          };
        }
      }
    }
  }
}

function drawShape(shape: Shape, colour: readonly number[], draw: Random): Uint8Array {
  const radius = 10 + draw.uniform() * 14;
  const centreX = radius + draw.uniform() * (SIDE - 2 * radius);
  const centreY = radius + draw.uniform() * (SIDE - 2 * radius);
  const background = 60 + draw.uniform() * 120;
  const data = new Uint8Array(SIDE * SIDE * 3);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const inside = shape((x - centreX) / radius, (y - centreY) / radius);
      const noise = (draw.uniform() - 0.5) * 40;
      for (let channel = 0; channel < 3; channel++) {
        const level = inside ? (colour[channel] as number) : background;
        data[(y * SIDE + x) * 3 + channel] = Math.max(0, Math.min(255, level + noise));
      }
    }
  }
  return data;
}
