import type { Split } from './dataset.js';

/** At most `count` images of a split, spread over all of it, each of them `times` times. */
export function limitImages({ images, labels }: Split, count: number, times = 1): Split {
  const { length } = images;
  if (count >= length && times === 1) return { images, labels };
  const most = Math.min(count, length);
  const chosen = Int32Array.from({ length: times * most }, (_, i) => {
    return Math.floor(((i % most) * length) / most);
  });
  const at = (index: number) => chosen[index] as number;
  return {
    images: {
      length: chosen.length,
      name: (index) => images.name(at(index)),
      locate: (index) => images.locate(at(index)),
    },
    labels: chosen.map((index) => labels[index] as number),
  };
}
