import { type LayersModel, type layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type Architecture, findArchitecture, withoutDrawing } from '../../src/archs/index.js';
import { lastWithWeights } from '../../src/weights/mapping.js';

/** A network of the catalogue, how narrow it is in tests and the size of its images. */
export interface NarrowNetwork {
  readonly name: string;
  readonly size: number;
  readonly share: number;
  /** Networks of the same parts in another number, which it stands for. */
  readonly like?: readonly string[];
}

// biome-ignore format: one network a row
export const NETWORKS: readonly NarrowNetwork[] = [
  { name: 'lenet5',                size: 28, share: 1 },
  { name: 'lenet5-1998',           size: 32, share: 1 },
  { name: 'simple-cnn',            size: 28, share: 1 / 8 },
  { name: 'alexnet',               size: 67, share: 1 / 8, like: ['alexnet-1gpu'] },
  { name: 'alexnet-torchvision',   size: 67, share: 1 / 8 },
  { name: 'nin',                   size: 67, share: 1 / 8 },
  { name: 'nin-cifar',             size: 20, share: 1 / 8 },
  { name: 'vgg11-lrn',             size: 32, share: 1 / 16, like: ['vgg11', 'vgg13', 'vgg16', 'vgg19'] },
  { name: 'vgg16-1x1',             size: 32, share: 1 / 16 },
  { name: 'vgg11-bn',              size: 48, share: 1 / 16, like: ['vgg13-bn', 'vgg16-bn', 'vgg19-bn'] },
  { name: 'googlenet',             size: 80, share: 1 / 8 },
  { name: 'googlenet-torchvision', size: 80, share: 1 / 8, like: ['googlenet-bn'] },
  { name: 'resnet18',              size: 48, share: 1 / 16, like: ['resnet34'] },
  { name: 'resnet50',              size: 48, share: 1 / 16, like: ['resnet101', 'resnet152'] },
  { name: 'resnet50-torchvision',  size: 48, share: 1 / 16, like: ['resnet101-torchvision', 'resnet152-torchvision'] },
  { name: 'plain18',               size: 48, share: 1 / 16, like: ['plain34', 'plain20-cifar', 'plain32-cifar', 'plain44-cifar', 'plain56-cifar'] },
  { name: 'preresnet50',           size: 48, share: 1 / 16, like: ['preresnet101', 'preresnet152', 'preresnet200', 'preresnet164-cifar'] },
  { name: 'resnet20-cifar',        size: 32, share: 1 / 4, like: ['resnet32-cifar', 'resnet44-cifar', 'resnet56-cifar', 'resnet110-cifar'] },
  { name: 'preresnet20-cifar',     size: 16, share: 1 / 4, like: ['preresnet56-cifar', 'preresnet110-cifar'] },
  { name: 'densenet121',           size: 48, share: 1 / 8, like: ['densenet161', 'densenet169', 'densenet201', 'densenet264', 'densenet-bc100-k12'] },
  { name: 'densenet40-k12',        size: 16, share: 1 / 4 },
];

/** A network of the catalogue with a share of its channels and units, 10 classes and no dropout. */
export function narrow(name: string, size: number, share: number): LayersModel {
  const { channels } = findArchitecture(name);
  const options = { classes: 10, size, channels, seed: 1, auxiliary: true };
  return narrowArchitecture(name, share).build(options);
}

/** The same as an architecture, of any number of classes. */
export function narrowArchitecture(name: string, share: number): Architecture {
  const wide = findArchitecture(name);
  return {
    ...wide,
    build: (options) =>
      narrowed(
        withoutDrawing(() => wide.build(options)),
        share,
      ),
  };
}

function narrowed(wide: LayersModel, share: number): LayersModel {
  const copies = new Map<number, SymbolicTensor>();
  const heads = new Set(wide.outputs.map(lastWithWeights));
  const copy = (tensor: SymbolicTensor): SymbolicTensor => {
    const known = copies.get(tensor.id);
    if (known) return known;
    const inputs = tensor.inputs.map(copy);
    const config = narrowConfig(tensor.sourceLayer, heads.has(tensor.sourceLayer) ? 1 : share);
    const layer = new (tensor.sourceLayer.constructor as new (config: object) => layers.Layer)(
      config,
    );
    const result = inputs.length === 0 ? layer.output : layer.apply(inputs);
    copies.set(tensor.id, result as SymbolicTensor);
    return result as SymbolicTensor;
  };
  const outputs = wide.outputs.map(copy);
  const result = model({ inputs: wide.inputs.map(copy), outputs, name: wide.name });
  wide.dispose();
  return result;
}

function narrowConfig(layer: layers.Layer, share: number) {
  const config = layer.getConfig();
  for (const width of ['filters', 'units']) {
    if (typeof config[width] === 'number') config[width] *= share;
  }
  // Drawn for the fan of the wide layer.
  const drawn = (config['kernelInitializer'] as { config: Record<string, number> })?.config ?? {};
  for (const bound of ['stddev', 'minval', 'maxval']) {
    if (bound in drawn) drawn[bound] = (drawn[bound] as number) / Math.sqrt(share);
  }
  // tfjs draws other masks.
  if ('rate' in config) config['rate'] = 0;
  if (config['dataFormat'] === 'channelsFirst') {
    const [none, [before, after]] = config['padding'] as unknown as [number[], [number, number]];
    config['padding'] = [none, [before, after * share]];
  }
  return config;
}
