import type { Split } from './dataset.js';

/** At most `count` images of a split, spread over all of it. */
export function limitImages({ images, labels }: Split, count: number): Split {
  const { length } = images;
  if (count >= length) return { images, labels };
  const chosen = Int32Array.from({ length: count }, (_, i) => Math.floor((i * length) / count));
  const at = (index: number) => chosen[index] as number;
  return {
    images: {
      length: count,
      name: (index) => images.name(at(index)),
      locate: (index) => images.locate(at(index)),
    },
    labels: chosen.map((index) => labels[index] as number),
  };
}
