/** Images and directories for the tests, made in a temporary directory. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import type { Image } from '../../src/augment/index.js';
import type { ImageList } from '../../src/data/dataset.js';
import { encodePng } from '../../src/data/decode/png.js';
import { random } from '../../src/rng.js';

/** A temporary directory for one `describe`, removed afterwards. */
export function temporaryDirectory(): () => string {
  let directory = '';
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'cnn-test-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));
  return () => directory;
}

/** Smooth colours with some detail, different for each seed. */
export function testImage(width: number, height: number, channels: 1 | 3, seed = 0): Image {
  const draw = random(seed, 'subset');
  const waves = Array.from({ length: 6 }, () => draw.uniform() * 0.2);
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        const wave = Math.sin(x * (waves[c] ?? 0) + c) + Math.cos(y * (waves[c + 3] ?? 0) - seed);
        data[at++] = 127 + 60 * wave;
      }
    }
  }
  return { data, width, height, channels };
}

/** The image as sharp sees it. */
export function asSharp({ data, width, height, channels }: Image): Sharp {
  const image = sharp(data, { raw: { width, height, channels } });
  return channels === 1 ? image.toColourspace('b-w') : image;
}

/** The names of all images of a list. */
export function namesOf(images: ImageList): string[] {
  return Array.from({ length: images.length }, (_, index) => images.name(index));
}

/** Writes files, by their path below `root`; a number makes a small PNG image of that seed. */
export function writeTree(root: string, files: Record<string, string | Uint8Array | number>): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    const bytes = typeof content === 'number' ? encodePng(testImage(12, 10, 3, content)) : content;
    writeFileSync(file, bytes);
  }
}
