import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { GroupConv2D, LocalResponseNormalization } from '../../src/archs/index.js';
import { onEachBackend } from './backends.js';
import { assertParity, Probe } from './parity.js';

type Graph = (x: SymbolicTensor) => SymbolicTensor;

const chain =
  (...list: (() => layers.Layer)[]): Graph =>
  (x) =>
    list.reduce((y, layer) => layer().apply(y) as SymbolicTensor, x);

const conv = (settings: Partial<Parameters<typeof layers.conv2d>[0]> = {}) =>
  layers.conv2d({ filters: 8, kernelSize: 3, name: 'conv', ...settings });
const group = (settings: Partial<ConstructorParameters<typeof GroupConv2D>[0]> = {}) =>
  new GroupConv2D({ filters: 8, kernelSize: 3, groups: 2, name: 'conv', ...settings });
const pad = (padding: number | [[number, number], [number, number]]) =>
  layers.zeroPadding2d({ padding, name: 'pad' });
const activation = (name: 'relu' | 'tanh' | 'linear' | 'sigmoid') =>
  layers.activation({ activation: name, name });
const maxPool = (size: number, strides: number, padding: 'valid' | 'same' = 'valid') =>
  layers.maxPooling2d({ poolSize: size, strides, padding, name: 'pool' });
const averagePool = (size: number, strides: number, padding: 'valid' | 'same' = 'valid') =>
  layers.averagePooling2d({ poolSize: size, strides, padding, name: 'pool' });

/** Graphs on images (9, 7, 4). */
const CASES: Record<string, Graph> = {
  'a convolution': chain(() => conv()),
  'a convolution with ReLU': chain(() => conv({ activation: 'relu' })),
  'a convolution with tanh': chain(() => conv({ activation: 'tanh' })),
  'a convolution without bias': chain(() => conv({ useBias: false, activation: 'relu' })),
  'a convolution with `same` padding': chain(() => conv({ padding: 'same' })),
  'a strided convolution with `same` padding': chain(() =>
    conv({ padding: 'same', strides: 2, kernelSize: 4 }),
  ),
  'a strided convolution that leaves pixels unread': chain(() => conv({ strides: 3 })),
  'a pointwise convolution': chain(() => conv({ kernelSize: 1 })),
  'padding folded into a convolution': chain(
    () => pad(2),
    () => conv({ strides: 2, kernelSize: 5 }),
  ),
  'unequal padding folded into a convolution': chain(
    () =>
      pad([
        [0, 1],
        [2, 1],
      ]),
    () => conv({ strides: 2 }),
  ),
  'padding before a convolution that pads by itself': chain(
    () => pad(1),
    () => conv({ padding: 'same' }),
  ),
  'activations folded into a convolution': chain(
    () => conv(),
    () => activation('relu'),
  ),
  'a tanh folded into a convolution': chain(
    () => conv(),
    () => activation('tanh'),
  ),
  'a convolution with an activation beyond the rules': chain(() => conv({ activation: 'sigmoid' })),
  'a grouped convolution': chain(() => group({ activation: 'relu' })),
  'a grouped convolution with stride, padding and tanh': chain(
    () => pad(1),
    () => group({ strides: 2, activation: 'tanh' }),
  ),
  'a grouped convolution without bias in four groups': chain(() =>
    group({ groups: 4, padding: 'same', useBias: false }),
  ),
  'a convolution of frozen weights': chain(() => conv({ trainable: false, activation: 'relu' })),
  'maximum pooling': chain(() => maxPool(2, 2)),
  'overlapping maximum pooling': chain(() => maxPool(3, 2)),
  'maximum pooling with `same` padding': chain(() => maxPool(3, 2, 'same')),
  'zeros before maximum pooling': chain(
    () => pad(1),
    () => maxPool(3, 2),
  ),
  'zeros folded into maximum pooling after ReLU': chain(
    () => conv({ activation: 'relu' }),
    () => pad(1),
    () => maxPool(3, 2),
  ),
  'average pooling': chain(() => averagePool(2, 2)),
  'average pooling with `same` padding': chain(() => averagePool(3, 2, 'same')),
  'zeros before average pooling': chain(
    () => pad(1),
    () => averagePool(3, 1),
  ),
  'local response normalisation': chain(
    () =>
      new LocalResponseNormalization({
        depthRadius: 2,
        bias: 2,
        alpha: 0.5,
        beta: 0.75,
        name: 'norm',
      }),
  ),
  'a ReLU of its own': chain(() => activation('relu')),
  'a tanh of its own': chain(() => activation('tanh')),
  'a linear activation': chain(() => activation('linear')),
  'an activation without a rule': chain(() => activation('sigmoid')),
  'a reshape': chain(() => layers.reshape({ targetShape: [7, 9, 4], name: 'reshape' })),
  'dense layers': chain(
    () => layers.flatten({ name: 'flatten0' }),
    () => layers.dense({ units: 20, activation: 'relu', name: 'fc1' }),
    () => layers.dense({ units: 16, activation: 'tanh', name: 'fc2' }),
    () => layers.dense({ units: 12, useBias: false, name: 'fc3' }),
    () => layers.activation({ activation: 'relu', name: 'folded' }),
    () => layers.dense({ units: 9, name: 'fc4' }),
  ),
  'a layer without a rule': chain(() => layers.globalAveragePooling2d({ name: 'mean' })),
  'a residual connection': (x) => {
    const main = conv({ padding: 'same', filters: 4, activation: 'relu' }).apply(x);
    const second = conv({ padding: 'same', filters: 4, name: 'conv2' }).apply(main);
    const sum = layers.add({ name: 'add' }).apply([second as SymbolicTensor, x]);
    return activation('relu').apply(sum) as SymbolicTensor;
  },
  'a sum of three, one of them twice': (x) => {
    const y = conv({ padding: 'same', filters: 4 }).apply(x) as SymbolicTensor;
    return layers.add({ name: 'add' }).apply([y, x, y]) as SymbolicTensor;
  },
  'branches that are concatenated': (x) => {
    const a = conv({ padding: 'same', filters: 3, activation: 'relu' }).apply(x) as SymbolicTensor;
    const b = maxPool(3, 1, 'same').apply(x) as SymbolicTensor;
    const joined = layers.concatenate({ name: 'join' }).apply([a, x, b]) as SymbolicTensor;
    return conv({ name: 'conv2' }).apply(joined) as SymbolicTensor;
  },
  'a layer that is used twice': (x) => {
    const shared = conv({ padding: 'same', filters: 4, activation: 'tanh' });
    return shared.apply(shared.apply(x)) as SymbolicTensor;
  },
};

describe('A rule gives the outputs and gradients of the stock layer for', () => {
  onEachBackend((backend) => {
    for (const [name, graph] of Object.entries(CASES)) {
      it(name, () =>
        assertParity(backend, () => {
          const images = input({ shape: [9, 7, 4], name: 'image' });
          const output = graph(new Probe({ name: 'probe' }).apply(images) as SymbolicTensor);
          const flat = layers.flatten({ name: 'flatten' });
          const logits = output.rank > 2 ? (flat.apply(output) as SymbolicTensor) : output;
          return model({ inputs: images, outputs: logits, name: 'case' });
        }),
      );
    }
  });
});
