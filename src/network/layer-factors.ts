import { didYouMean } from '../did-you-mean.js';
import { UsageError } from '../errors.js';
import { wildcard } from '../wildcard.js';
import type { Weight } from './weights.js';

/**
 * The factor of the learning rate of every weight, by `layer=factor` for single layers. `*` in the
 * name of a layer stands for any letters; of several that fit a layer the last one holds, so that
 * exceptions follow rules. Throws a UsageError for what is no such pair and for unknown layers.
 */
export function layerFactors(weights: readonly Weight[], given: readonly string[]): number[] {
  const layers = weights.map(({ name }) => name.slice(0, name.lastIndexOf('/')));
  const factors = weights.map(() => 1);
  for (const { pattern, factor } of given.map(parse)) {
    const fits = wildcard(pattern);
    const found = layers.flatMap((layer, index) => (fits.test(layer) ? [index] : []));
    if (found.length === 0) {
      const hint = didYouMean(pattern, [...new Set(layers)]);
      throw new UsageError(
        `--layer-lr-scale: no layer with weights is called "${pattern}".${hint}`,
      );
    }
    for (const index of found) factors[index] = factor;
  }
  return factors;
}

function parse(pair: string): { pattern: string; factor: number } {
  const [pattern = '', text = '', ...rest] = pair.split('=').map((part) => part.trim());
  const factor = Number(text);
  if (pattern === '' || text === '' || rest.length > 0 || !(factor >= 0 && factor < Infinity)) {
    throw new UsageError(
      `Expected layer=factor with a factor of 0 or more in --layer-lr-scale, such as fc8=10, found "${pair}"`,
    );
  }
  return { pattern, factor };
}
