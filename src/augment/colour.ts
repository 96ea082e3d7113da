/** Principal components of the colours of a dataset, in [0, 1] units. */
export interface PrincipalColours {
  /** Eigenvalues of the covariance of red, green and blue over all pixels, the largest first. */
  readonly values: readonly number[];
  /** Rows red, green, blue; the columns are the eigenvectors, in the order of `values`. */
  readonly vectors: readonly (readonly number[])[];
}

/**
 * Those of ImageNet's training set, from fb.resnet.torch's datasets/imagenet.lua. With deviation
 * 0.1 each of red, green and blue moves by 3.2 of 255 grey levels (standard deviation).
 */
export const IMAGENET_PRINCIPAL_COLOURS: PrincipalColours = {
  values: [0.2175, 0.0188, 0.0045],
  vectors: [
    [-0.5675, 0.7192, 0.4009],
    [-0.5808, -0.0045, -0.814],
    [-0.5836, -0.6948, 0.4203],
  ],
};

/**
 * What is added to red, green and blue of one image, in [0, 1] units: the eigenvectors times
 * α₁λ₁, α₂λ₂, α₃λ₃. Krizhevsky et al., 2012, section 4.1. `alphas` are draws from N(0, 1), to which
 * `deviation` gives the scale; without them nothing is added.
 */
export function colourOffset(
  { values, vectors }: PrincipalColours,
  deviation: number,
  alphas: readonly number[],
): number[] {
  if (alphas.length === 0) return [0, 0, 0];
  const shares = values.map((value, component) => deviation * (alphas[component] ?? 0) * value);
  return vectors.map((row) =>
    row.reduce((sum, entry, component) => sum + entry * (shares[component] ?? 0), 0),
  );
}
