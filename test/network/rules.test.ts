import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import {
  AdaptiveAveragePooling2D,
  BatchNormalization,
  GroupConv2D,
  LocalResponseNormalization,
  PartialConv2D,
  ScaledTanh,
  Subsampling2D,
} from '../../src/archs/layers/index.js';
import { onEachBackend } from './backends.js';
import { assertParity, type ParityOptions, Probe } from './parity.js';

type Graph = (x: SymbolicTensor) => SymbolicTensor;

interface Case {
  graph: Graph;
  /** The same weights in a graph whose gradient the tape computes. */
  reference?: Graph;
  frozen?: boolean;
  batch?: number;
}

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

const norm = (settings: Partial<ConstructorParameters<typeof BatchNormalization>[0]> = {}) =>
  new BatchNormalization({
    momentum: 0.75,
    epsilon: 1e-3,
    unbiased: false,
    name: 'norm',
    ...settings,
  });
const join = (kind: 'add' | 'concatenate', ...terms: SymbolicTensor[]) =>
  layers[kind]({ name: kind }).apply(terms) as SymbolicTensor;

/** A convolution without bias and its normalisation. */
const convNorm = (x: SymbolicTensor, name: string, trainable = true) => {
  const settings = { name, filters: 4, padding: 'same' as const, useBias: false };
  return norm({ name: `${name}.norm`, trainable }).apply(
    conv(settings).apply(x) as SymbolicTensor,
  ) as SymbolicTensor;
};
const relu = (x: SymbolicTensor) => activation('relu').apply(x) as SymbolicTensor;

/** Average pooling with `same` padding whose zeros do not count, in its gradient either. */
class CountedAveragePooling extends layers.Layer {
  static readonly className = 'CountedAveragePooling';

  override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
    const [batch = null, height, width, channels = null] = inputShape;
    return [batch, Math.ceil((height ?? 0) / 2), Math.ceil((width ?? 0) / 2), channels];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = [inputs].flat()[0] as tf.Tensor4D;
      const padded = (y: tf.Tensor4D) =>
        tf.avgPool(
          tf.pad4d(y, [
            [0, 0],
            [1, 1],
            [1, 1],
            [0, 0],
          ]),
          3,
          2,
          'valid',
        );
      return tf.div(padded(x), padded(tf.onesLike(x)));
    });
  }
}

/** Graphs on images (9, 7, 4). */
const CASES: Record<string, Graph | Case> = {
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
  'average pooling with `same` padding': {
    graph: chain(() => averagePool(3, 2, 'same')),
    reference: chain(() => new CountedAveragePooling({ name: 'pool' })),
  },
  'global average pooling': chain(() => layers.globalAveragePooling2d({ name: 'mean' })),
  'adaptive average pooling to windows that overlap': chain(
    () => new AdaptiveAveragePooling2D({ outputSize: [4, 3], name: 'pool' }),
  ),
  'adaptive average pooling to more pixels than there are': chain(
    () => new AdaptiveAveragePooling2D({ outputSize: [11, 2], name: 'pool' }),
  ),
  'zeros before average pooling': chain(
    () => pad(1),
    () => averagePool(3, 1),
  ),
  'zeros after the channels': chain(() =>
    layers.zeroPadding2d({
      padding: [
        [0, 1],
        [2, 3],
      ],
      dataFormat: 'channelsFirst',
      name: 'pad',
    }),
  ),
  'unequal zeros folded into maximum pooling of what is not below 0': chain(
    () => conv({ activation: 'relu', padding: 'same', filters: 4 }),
    () =>
      new LocalResponseNormalization({
        depthRadius: 1,
        bias: 2,
        alpha: 0.5,
        beta: 0.75,
        name: 'lrn',
      }),
    () =>
      pad([
        [0, 1],
        [0, 2],
      ]),
    () => maxPool(3, 2),
  ),
  'zeros wider than the windows of maximum pooling': chain(
    () => conv({ activation: 'relu' }),
    () => pad(2),
    () => maxPool(2, 2),
  ),
  'zeros before a convolution beyond the rules': chain(
    () => pad(1),
    () => conv({ activation: 'sigmoid' }),
  ),
  'batch normalisation': chain(() => norm()),
  'batch normalisation with an unbiased variance': chain(() => norm({ unbiased: true })),
  'batch normalisation of rows': {
    graph: chain(
      () => layers.flatten({ name: 'rows' }),
      () => layers.dense({ units: 12, name: 'fc', activation: 'relu' }),
      () => norm(),
    ),
    batch: 5,
  },
  'batch normalisation and ReLU': chain(
    () => norm(),
    () => activation('relu'),
  ),
  'batch normalisation and tanh': chain(
    () => norm(),
    () => activation('tanh'),
  ),
  'batch normalisation of two axes at once': chain(
    () => layers.reshape({ targetShape: [7, 9, 4], name: 'reshape' }),
    () => norm({ axis: 3 }),
  ),
  'a residual sum and ReLU after batch normalisation': (x) =>
    relu(join('add', convNorm(x, 'a'), x)),
  'a residual sum without ReLU': (x) => join('add', x, convNorm(x, 'a')),
  'a residual sum of two normalisations': (x) =>
    relu(join('add', convNorm(x, 'a'), convNorm(x, 'b'))),
  'a residual sum with a shortcut that runs later': (x) => {
    const shortcut = conv({ name: 'shortcut', filters: 4, padding: 'same' });
    return relu(join('add', convNorm(x, 'a'), shortcut.apply(x) as SymbolicTensor));
  },
  'a normalisation that is read twice': (x) => {
    const y = convNorm(x, 'a');
    return join('concatenate', relu(join('add', y, x)), y);
  },
  'a sum of one normalisation with itself': (x) => {
    const y = convNorm(x, 'a');
    return relu(join('add', y, y));
  },
  'a residual sum of three terms, two at a time': (x) => {
    const sum = join('add', convNorm(x, 'a'), x);
    return relu(layers.add({ name: 'add2' }).apply([sum, x]) as SymbolicTensor);
  },
  'two residual blocks': (x) => {
    const y = activation('relu').apply(join('add', convNorm(x, 'a'), x)) as SymbolicTensor;
    const z = layers.add({ name: 'add2' }).apply([convNorm(y, 'b'), y]) as SymbolicTensor;
    return layers.activation({ activation: 'relu', name: 'relu2' }).apply(z) as SymbolicTensor;
  },
  'frozen batch normalisation': {
    graph: chain(() => norm({ trainable: false })),
    frozen: true,
  },
  'frozen batch normalisation with a residual sum and ReLU': {
    graph: (x) => relu(join('add', convNorm(x, 'a', false), x)),
    frozen: true,
  },
  'a partly connected convolution': chain(
    () =>
      new PartialConv2D({
        connections: [[0, 1], [1, 2, 3], [0], [3, 0], [0, 1, 2, 3]],
        kernelSize: [3, 2],
        activation: 'tanh',
        name: 'partial',
      }),
  ),
  'trained subsampling': chain(() => new Subsampling2D({ poolSize: 2, name: 'pool' })),
  'the scaled tanh of LeNet-5': chain(
    () => conv(),
    () => new ScaledTanh({ name: 'squash' }),
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
  'a layer without a rule': chain(() => layers.globalMaxPooling2d({ name: 'greatest' })),
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

/** `head`: a dense layer at the end, where the graph's own layers are not to be those of logits. */
const build = (graph: Graph, head: boolean) => () => {
  const images = input({ shape: [9, 7, 4], name: 'image' });
  const output = graph(new Probe({ name: 'probe' }).apply(images) as SymbolicTensor);
  const flat = layers.flatten({ name: 'flatten' });
  const rows = output.rank > 2 ? (flat.apply(output) as SymbolicTensor) : output;
  const fc = layers.dense({ units: 9, name: 'head' });
  const logits = head ? (fc.apply(rows) as SymbolicTensor) : rows;
  return model({ inputs: images, outputs: logits, name: 'case' });
};

describe('A rule gives the outputs and gradients of the stock layer for', () => {
  onEachBackend((backend) => {
    for (const [name, given] of Object.entries(CASES)) {
      it(name, () => {
        const { graph, reference, ...rest } =
          typeof given === 'function' ? { graph: given } : given;
        // Logits are float32 in bf16 too, and all that leads to them after the last weights.
        const made = (of: Graph) => build(of, backend.precision === 'bf16');
        const options: ParityOptions = reference ? { ...rest, reference: made(reference) } : rest;
        assertParity(backend, made(graph), options);
      });
    }
  });
});
