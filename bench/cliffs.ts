/** A point of a scale curve. */
export interface Point {
  readonly batch_size: number;
  readonly input_size: number;
  readonly images_per_second: number;
}

/** What one step up the scale may cost. */
const MOST_LOST = 1 / 3;

/**
 * The steps of a curve, from small to large, at which pixels per second fall by more than a third,
 * as [before, after]. More work at once should never be slower work.
 */
export function cliffs<P extends Point>(points: readonly P[]): [P, P][] {
  const sorted = points.toSorted((a, b) => pixels(a) - pixels(b));
  return sorted.flatMap((after, index) => {
    const before = sorted[index - 1];
    const fell = before && speed(after) < (1 - MOST_LOST) * speed(before);
    return fell ? [[before, after] as [P, P]] : [];
  });
}

function pixels({ batch_size, input_size }: Point): number {
  return batch_size * input_size ** 2;
}

function speed({ images_per_second, input_size }: Point): number {
  return images_per_second * input_size ** 2;
}
