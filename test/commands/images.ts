import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { random } from '../../src/rng.js';

/**
 * Writes an ImageNet-format directory of small grey images: noise on a grey that tells the class.
 */
export async function writeImages(
  root: string,
  { classes = 3, train = 6, val = 2, size = 12 } = {},
): Promise<void> {
  const splits = { train, val };
  for (const [split, count] of Object.entries(splits)) {
    for (let label = 0; label < classes; label++) {
      const folder = join(root, split, `class${label}`);
      await mkdir(folder, { recursive: true });
      for (let index = 0; index < count; index++) {
        const draw = random(split === 'train' ? 1 : 2, 'subset', label, index);
        const pixels = Uint8Array.from(
          { length: size * size },
          () => (200 * label) / classes + draw.below(50),
        );
        const raw = { width: size, height: size, channels: 1 } as const;
        await sharp(pixels, { raw })
          .png()
          .toFile(join(folder, `${index}.png`));
      }
    }
  }
}
