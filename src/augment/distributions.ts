import type { Random } from '../rng.js';

/** A draw from Beta(α, α): two of the gamma distribution, as logarithms, which do not underflow. */
export function drawBeta(alpha: number, draw: Random): number {
  return 1 / (1 + Math.exp(logGamma(alpha, draw) - logGamma(alpha, draw)));
}

/** Shares of `count` parts, from the Dirichlet distribution whose parameters are all α. */
export function drawShares(count: number, alpha: number, draw: Random): number[] {
  const logs = Array.from({ length: count }, () => logGamma(alpha, draw));
  const most = Math.max(...logs);
  const parts = logs.map((log) => Math.exp(log - most));
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part) => part / sum);
}

/** The logarithm of a draw from Gamma(α): Marsaglia and Tsang, 2000. */
function logGamma(alpha: number, draw: Random): number {
  // Of α + 1, times a power of a uniform draw.
  const boost = Math.log(1 - draw.uniform()) / alpha;
  const d = alpha + 1 - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = draw.normal();
    const cube = (1 + c * x) ** 3;
    const u = 1 - draw.uniform();
    if (cube > 0 && Math.log(u) < 0.5 * x * x + d - d * cube + d * Math.log(cube)) {
      return Math.log(d * cube) + boost;
    }
  }
}
