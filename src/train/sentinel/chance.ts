/** What a network reaches that knows nothing of the images. */

/** Of labels that nobody knows but for how many there are of each class. */
export interface Chance {
  /** Loss of the shares of the classes as probabilities: ln(classes) where all are alike. */
  readonly loss: number;
  /** The same of the mean of the binary cross-entropies of all classes. */
  readonly binaryLoss: number;
  /** Share of the largest class, which is the accuracy of naming it always. */
  readonly top1: number;
}

export function chanceOf(labels: ArrayLike<number>): Chance {
  const counts = new Map<number, number>();
  for (let index = 0; index < labels.length; index++) {
    const label = labels[index] as number;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const shares = [...counts.values()].map((count) => count / labels.length);
  const unlike = shares.filter((share) => share < 1);
  const rest = unlike.reduce((sum, share) => sum - (1 - share) * Math.log(1 - share), 0);
  const loss = shares.reduce((sum, share) => sum - share * Math.log(share), 0);
  return {
    loss,
    binaryLoss: (loss + rest) / shares.length,
    top1: Math.max(0, ...shares),
  };
}

/** Three standard deviations of the accuracy of `images` guesses that are right with `probability`. */
export function threeSigma(probability: number, images: number): number {
  return images === 0 ? 1 : 3 * Math.sqrt((probability * (1 - probability)) / images);
}

/** Whether all labels that there are (none is below 0) are the same, and there are at least two. */
export function areConstant(labels: Int32Array): boolean {
  const first = labels[0] ?? -1;
  if (first < 0 || labels.length < 2) return false;
  for (const label of labels) if (label !== first) return false;
  return true;
}
