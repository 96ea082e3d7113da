import type { LayersModel } from '@tensorflow/tfjs-layers';
import { UsageError } from '../../errors.js';

/**
 * Freezes the layers whose names match; batch normalisation among them then uses its running
 * statistics. Returns a line that says which.
 */
export function freezeLayers(model: LayersModel, pattern: string): string {
  const regex = parse(pattern);
  const layers = model.layers.filter(({ weights }) => weights.length > 0);
  const frozen = layers.filter(({ name }) => regex.test(name));
  if (frozen.length === 0) {
    const some = layers.slice(0, 5).map(({ name }) => name);
    throw new UsageError(
      `Expected --freeze to match a layer but "${pattern}" matches none; layers are ${some.join(', ')}, …`,
    );
  }
  const parameters = frozen
    .flatMap(({ trainableWeights }) => trainableWeights)
    .reduce(
      (sum, { shape }) => sum + shape.reduce<number>((size, axis) => size * (axis ?? 1), 1),
      0,
    );
  for (const layer of frozen) layer.trainable = false;
  if (model.trainableWeights.length === 0) {
    throw new UsageError(`--freeze ${pattern} leaves nothing to train in ${model.name}`);
  }
  return `frozen: ${frozen.length} of ${layers.length} layers with weights, ${parameters.toLocaleString('en')} parameters`;
}

function parse(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (error) {
    throw new UsageError(
      `Expected --freeze to be a regular expression but received "${pattern}": ${(error as Error).message}`,
    );
  }
}
