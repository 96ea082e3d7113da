import { type LayersModel, type layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { findArchitecture, withoutDrawing } from '../../src/archs/index.js';
import { lastWithWeights } from '../../src/weights/mapping.js';

/** A network of the catalogue with a share of its channels and units, 10 classes and no dropout. */
export function narrow(name: string, size: number, share: number): LayersModel {
  const { build, channels } = findArchitecture(name);
  const wide = withoutDrawing(() =>
    build({ classes: 10, size, channels, seed: 1, auxiliary: true }),
  );
  const copies = new Map<number, SymbolicTensor>();
  const heads = new Set(wide.outputs.map(lastWithWeights));
  const copy = (tensor: SymbolicTensor): SymbolicTensor => {
    const known = copies.get(tensor.id);
    if (known) return known;
    const inputs = tensor.inputs.map(copy);
    const config = narrowed(tensor.sourceLayer, heads.has(tensor.sourceLayer) ? 1 : share);
    const layer = new (tensor.sourceLayer.constructor as new (config: object) => layers.Layer)(
      config,
    );
    const result = inputs.length === 0 ? layer.output : layer.apply(inputs);
    copies.set(tensor.id, result as SymbolicTensor);
    return result as SymbolicTensor;
  };
  const outputs = wide.outputs.map(copy);
  const result = model({ inputs: wide.inputs.map(copy), outputs, name });
  wide.dispose();
  return result;
}

function narrowed(layer: layers.Layer, share: number) {
  const config = layer.getConfig();
  for (const width of ['filters', 'units']) {
    if (typeof config[width] === 'number') config[width] *= share;
  }
  // tfjs draws other masks.
  if ('rate' in config) config['rate'] = 0;
  if (config['dataFormat'] === 'channelsFirst') {
    const [none, [before, after]] = config['padding'] as unknown as [number[], [number, number]];
    config['padding'] = [none, [before, after * share]];
  }
  return config;
}
