import type { LayersModel } from '@tensorflow/tfjs-layers';
import { didYouMean } from '../did-you-mean.js';
import { UsageError } from '../errors.js';
import { wildcard } from '../wildcard.js';
import type { Weight } from './weights.js';

/**
 * The factor of the learning rate of every weight, by `layer=factor` for single layers. `*` in the
 * name of a layer stands for any letters; of several that fit a layer the last one holds, so that
 * exceptions follow rules. Throws a UsageError for what is no such pair.
 */
export function layerFactors(weights: readonly Weight[], given: readonly string[]): number[] {
  const pairs = given.map(parse);
  return weights.map(({ name }) => {
    return pairs.findLast(({ layers }) => layers.test(layerOf(name)))?.factor ?? 1;
  });
}

/**
 * Factors that rise evenly, as powers, from `least` of the first layer to 1 of the last; none without
 * it.
 */
export function depthFactors(weights: readonly Weight[], least: number | null): string[] {
  if (least === null) return [];
  const layers = [...new Set(weights.map(({ name }) => layerOf(name)))];
  const last = layers.length - 1;
  return layers.map((layer, depth) => `${layer}=${last === 0 ? 1 : least ** (1 - depth / last)}`);
}

function layerOf(weight: string): string {
  return weight.slice(0, weight.lastIndexOf('/'));
}

/** Throws a UsageError for layers that a network does not have; it may have frozen ones. */
export function checkLayerFactors(model: LayersModel, given: readonly string[]): void {
  const names = model.layers.filter(({ weights }) => weights.length > 0).map(({ name }) => name);
  for (const { pattern, layers } of given.map(parse)) {
    if (names.some((name) => layers.test(name))) continue;
    throw new UsageError(
      `--layer-lr-scale: no layer with weights is called "${pattern}".${didYouMean(pattern, names)}`,
    );
  }
}

function parse(pair: string): { pattern: string; layers: RegExp; factor: number } {
  const [pattern = '', text = '', ...rest] = pair.split('=').map((part) => part.trim());
  const factor = Number(text);
  if (pattern === '' || text === '' || rest.length > 0 || !(factor >= 0 && factor < Infinity)) {
    throw new UsageError(
      `Expected layer=factor with a factor of 0 or more in --layer-lr-scale, such as fc8=10, found "${pair}"`,
    );
  }
  return { pattern, layers: wildcard(pattern), factor };
}
