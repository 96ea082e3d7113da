import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asSharp, testImage } from '../../data/images.js';

/**
 * Writes images of three classes, for training 4 of each and 2 for validation: PNGs of 18×16 pixels,
 * the third one of 40×30, and at the end a JPEG that its EXIF orientation turns.
 */
export async function writeOddDataset(root: string, seed: number): Promise<void> {
  for (const label of [0, 1, 2]) {
    for (const [split, count] of [
      ['train', 4],
      ['val', 2],
    ] as const) {
      const folder = join(root, split, `class${label}`);
      await mkdir(folder, { recursive: true });
      for (let index = 0; index < count; index++) {
        const [width, height] = index === 2 ? [40, 30] : [18, 16];
        const image = asSharp(testImage(width, height, 3, seed + 10 * label + index + count));
        const turned = index === count - 1;
        const file = turned ? image.jpeg().withMetadata({ orientation: 6 }) : image.png();
        await writeFile(join(folder, `${index}.${turned ? 'jpg' : 'png'}`), await file.toBuffer());
      }
    }
  }
}

/** Writes a file that lists these images as others than they are, and one less of each for training. */
export async function writeOddLabels(file: string): Promise<void> {
  const lines = [0, 1, 2].flatMap((label) => {
    const listed = [
      'train/*/0.png',
      'train/*/1.png',
      'train/*/2.png',
      'val/*/0.png',
      'val/*/1.jpg',
    ];
    return listed.map((path) => {
      const [split = ''] = path.split('/');
      return `${path.replace('*', `class${label}`)},class${(label + 1) % 3},${split}`;
    });
  });
  await writeFile(file, `path,label,split\n${lines.join('\n')}\n`);
}
