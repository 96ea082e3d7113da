/** A network once more, for images of another size, with the same weights. */
import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { UsageError } from '../errors.js';
import type { Architecture, BuildOptions } from './architecture.js';

interface Shared {
  readonly layers: ReadonlyMap<string, layers.Layer>;
  readonly name: string;
  readonly size: number;
  readonly known: number;
}

let shared: Shared | undefined;

/**
 * Gives `use` the network of `model` for images of `size`: its layers with weights are those of
 * `model` itself. It can be used within `use` alone. Throws a UsageError where a layer has as many
 * weights as the maps have pixels.
 */
export function withOtherSize<T>(
  architecture: Architecture,
  options: BuildOptions,
  model: LayersModel,
  use: (other: LayersModel) => T,
): T {
  const [input] = model.inputs;
  const known = input?.shape[1] ?? 0;
  const uses = model.layers.map(({ inboundNodes, outboundNodes }) => {
    return { inbound: inboundNodes.length, outbound: outboundNodes.length };
  });
  const named = new Map(model.layers.map((layer) => [layer.name, layer]));
  shared = { layers: named, name: architecture.name, size: options.size, known };
  try {
    return use(architecture.build(options));
  } finally {
    shared = undefined;
    // What tf.layers keeps of each use of a layer.
    model.layers.forEach((layer, place) => {
      layer.inboundNodes.splice(uses[place]?.inbound ?? 0);
      layer.outboundNodes.splice(uses[place]?.outbound ?? 0);
    });
  }
}

/** In a network of another size, the layer of this name whose weights are shared, for `x`. */
export function sharedLayer(made: layers.Layer, x: SymbolicTensor): layers.Layer | undefined {
  const layer = shared?.layers.get(made.name);
  if (shared === undefined || layer === undefined || layer.weights.length === 0) return undefined;
  const inputs = x.shape.at(-1);
  const before = (layer.inboundNodes[0]?.inputShapes[0] as number[] | undefined)?.at(-1);
  if (inputs === before) return layer;
  throw new UsageError(
    `Expected --train-crop-size to be the ${shared.known} of --input-size but received ${shared.size}: layer "${made.name}" of ${shared.name} has ${before} inputs at the one and ${inputs} at the other`,
  );
}

/** The option that has the size of the network that is being built. */
export function sizeOption(): string {
  return shared === undefined ? '--input-size' : '--train-crop-size';
}
