/** What the plateau schedule remembers of evaluations. */
export interface Plateau {
  /** The best top-1 accuracy that counted as better. */
  readonly best: number;
  /** Epochs since then, or since the last fall. */
  readonly waited: number;
  /** How often the learning rate has fallen. */
  readonly falls: number;
}

/** An accuracy is better if it is by this share: PyTorch's threshold. */
const THRESHOLD = 1e-4;

/** After an evaluation; as PyTorch's ReduceLROnPlateau with mode="max". */
export function afterEvaluation(
  before: Plateau | undefined,
  top1: number,
  patience: number,
): Plateau {
  if (before === undefined || top1 > before.best * (1 + THRESHOLD)) {
    return { best: top1, waited: 0, falls: before?.falls ?? 0 };
  }
  const waited = before.waited + 1;
  return waited > patience
    ? { ...before, waited: 0, falls: before.falls + 1 }
    : { ...before, waited };
}
