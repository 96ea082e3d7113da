/** Logits are float32 in bf16 too, whatever layers make them. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import {
  AdaptiveAveragePooling2D,
  BatchNormalization,
  GroupConv2D,
  LocalResponseNormalization,
  PartialConv2D,
  ScaledTanh,
  Subsampling2D,
} from '../../src/archs/layers/index.js';
import { Network } from '../../src/network/network.js';
import { bf16Of } from '../backend/compare.js';
import { nativeBackend, numbers, onEachBackend } from './backends.js';
import { assertParity, setWeights } from './parity.js';

const CLASSES = 4;
type Graph = (images: SymbolicTensor) => SymbolicTensor | SymbolicTensor[];

const apply = (layer: layers.Layer, x: SymbolicTensor | SymbolicTensor[]) =>
  layer.apply(x) as SymbolicTensor;
const chain =
  (...list: (() => layers.Layer)[]) =>
  (x: SymbolicTensor): SymbolicTensor =>
    list.reduce((y, layer) => apply(layer(), y), x);

const flatten = () => layers.flatten({ name: 'flatten' });
const dense = (settings: Partial<Parameters<typeof layers.dense>[0]> = {}) =>
  layers.dense({ units: CLASSES, name: 'fc', ...settings });
const conv = (settings: Partial<Parameters<typeof layers.conv2d>[0]> = {}) =>
  layers.conv2d({ filters: CLASSES, kernelSize: 3, name: 'conv', ...settings });
/** Four classes on 1 × 1 pixel. */
const maps = (settings: Partial<Parameters<typeof layers.conv2d>[0]> = {}) =>
  conv({ kernelSize: 6, ...settings });
const activation = (name: 'relu' | 'tanh' | 'sigmoid' | 'softmax') =>
  layers.activation({ activation: name, name });
const means = () => layers.globalAveragePooling2d({ name: 'means' });
const norm = (name = 'norm') =>
  new BatchNormalization({ momentum: 0.75, epsilon: 1e-3, unbiased: false, name });
const join = (kind: 'add' | 'concatenate', ...terms: SymbolicTensor[]) =>
  apply(layers[kind]({ name: kind }), terms);
const convNorm = (x: SymbolicTensor, name: string) =>
  chain(
    () => conv({ name, padding: 'same', useBias: false }),
    () => norm(`${name}.norm`),
  )(x);

/** What makes the logits of images (6, 6, 4), by the last layer. */
// biome-ignore format: one network a row
const ENDS: Record<string, Graph> = {
  'a dense layer': chain(flatten, () => dense()),
  'a dense layer with ReLU': chain(flatten, () => dense({ activation: 'relu' })),
  'a ReLU': chain(flatten, () => dense(), () => activation('relu')),
  'a tanh': chain(flatten, () => dense(), () => activation('tanh')),
  'the scaled tanh of LeNet-5': chain(flatten, () => dense(), () => new ScaledTanh({ name: 'squash' })),
  'an activation without a rule': chain(flatten, () => dense(), () => activation('sigmoid')),
  'an activation without a rule in a dense layer': chain(flatten, () => dense({ activation: 'sigmoid' })),
  'a softmax': chain(flatten, () => dense(), () => activation('softmax')),
  'dropout that drops nothing': chain(flatten, () => dense(), () => layers.dropout({ rate: 0, name: 'drop' })),
  'batch normalisation': chain(flatten, () => dense({ useBias: false }), () => norm()),
  'batch normalisation and ReLU': chain(flatten, () => dense({ useBias: false }), () => norm(), () => activation('relu')),
  'a reshape': chain(() => maps(), () => layers.reshape({ targetShape: [CLASSES], name: 'reshape' })),
  'flatten': chain(() => maps({ activation: 'relu' }), flatten),
  'global average pooling': chain(() => conv(), means),
  'global average pooling after ReLU': chain(() => conv({ activation: 'relu' }), means),
  'global maximum pooling': chain(() => conv(), () => layers.globalMaxPooling2d({ name: 'greatest' })),
  'average pooling': chain(() => conv(), () => layers.averagePooling2d({ poolSize: 4, name: 'pool' }), flatten),
  'maximum pooling': chain(() => conv(), () => layers.maxPooling2d({ poolSize: 4, name: 'pool' }), flatten),
  'adaptive pooling': chain(() => conv(), () => new AdaptiveAveragePooling2D({ outputSize: [1, 1], name: 'pool' }), flatten),
  'zero padding and pooling': chain(() => conv({ activation: 'relu' }), () => layers.zeroPadding2d({ padding: 1, name: 'pad' }), () => layers.maxPooling2d({ poolSize: 6, name: 'pool' }), flatten),
  'local response normalisation': chain(() => conv(), () => new LocalResponseNormalization({ depthRadius: 1, bias: 2, alpha: 0.5, beta: 0.75, name: 'lrn' }), means),
  'trained subsampling': chain(() => conv(), () => new Subsampling2D({ poolSize: 4, name: 'pool' }), flatten),
  'a normalised convolution': chain(() => conv({ useBias: false }), () => norm(), () => activation('relu'), means),
  'a grouped convolution': chain(() => new GroupConv2D({ filters: CLASSES, kernelSize: 3, groups: 2, name: 'group' }), means),
  'a partly connected convolution': chain(() => new PartialConv2D({ connections: [[0, 1], [1, 2, 3], [0], [3, 0]], kernelSize: [3, 3], name: 'partial' }), means),
  'a convolution without a rule': chain(() => conv({ activation: 'sigmoid' }), means),
  'a sum': (x) => join('add', ...['a', 'b', 'c'].map((name) => chain(() => flattenNamed(name), () => dense({ name }))(x))),
  'a join': (x) => join('concatenate', ...['a', 'b'].map((name) => chain(() => flattenNamed(name), () => dense({ name, units: 2 }))(x))),
  'a residual sum': (x) => means().apply(apply(activation('relu'), join('add', convNorm(x, 'a'), x))) as SymbolicTensor,
  'a residual sum of two normalisations': (x) => means().apply(apply(activation('relu'), join('add', convNorm(x, 'a'), convNorm(x, 'b')))) as SymbolicTensor,
  'a normalisation of joined maps': (x) => means().apply(apply(activation('relu'), apply(norm('end'), joined(x)))) as SymbolicTensor,
  'the means of joined maps': (x) => apply(means(), joined(x)),
  'two heads': (x) => [chain(flatten, () => dense())(x), chain(() => conv({ activation: 'relu' }), means)(x)],
  'a head that starts from the logits of another': (x) => {
    const first = chain(() => conv({ activation: 'relu' }), means)(x);
    return [first, apply(dense({ activation: 'tanh' }), first)];
  },
};

/** A dense block of two layers: 4, 3 and 2 maps. */
function joined(x: SymbolicTensor): SymbolicTensor {
  const layer = (from: SymbolicTensor, name: string, filters: number) =>
    chain(
      () => norm(`${name}.norm`),
      () => conv({ name, filters, padding: 'same', useBias: false }),
    )(from);
  const first = apply(layers.concatenate({ name: 'join1' }), [x, layer(x, 'a', 3)]);
  return apply(layers.concatenate({ name: 'join2' }), [first, layer(first, 'b', 2)]);
}

/** A name may stand once in a network. */
function flattenNamed(name: string): layers.Layer {
  return layers.flatten({ name: `flatten.${name}` });
}

const build = (graph: Graph) => (): LayersModel => {
  const images = input({ shape: [6, 6, 4], name: 'image' });
  return model({ inputs: images, outputs: graph(images), name: 'case' });
};

/** With a convolution before it, whose maps and their gradient are stored as the precision says. */
const afterStem = (graph: Graph) =>
  build((images) => graph(apply(conv({ name: 'stem', padding: 'same', useBias: false }), images)));

interface Found {
  /** How the logits of every head are stored in training, and those of evaluation. */
  storages: string[];
  /** How the gradient is stored from which that of the first convolution comes. */
  dStem: string | undefined;
  logits: Float32Array;
}

function run(net: LayersModel): Found {
  const device = nativeBackend();
  assert.ok(device);
  setWeights(net);
  const network = new Network(net);
  const images = tf.tensor4d(numbers(3 * 6 * 6 * 4, 5), [3, 6, 6, 4]);
  const labels = tf.tensor1d([0, 1, 3], 'int32');
  const storages: string[] = [];
  let dStem: string | undefined;
  device.onRun = (kernel, inputs) => {
    const [first, second] = inputs as tf.TensorInfo[];
    if (kernel === 'SoftmaxCrossEntropy') storages.push(device.storageOf(first as tf.TensorInfo));
    if (kernel === 'Conv2DBackpropFilter') dStem = device.storageOf(second as tf.TensorInfo);
  };
  const options = { smoothing: 0, seed: 1, step: 0, auxiliaryWeight: 0.3 };
  const { stats, gradients } = network.gradients(images, labels, options);
  device.onRun = undefined;
  const evaluated = network.predict(images);
  storages.push(device.storageOf(evaluated));
  const logits = evaluated.dataSync<'float32'>();
  tf.dispose([images, labels, stats, gradients, evaluated]);
  network.dispose();
  net.dispose();
  return { storages, dStem, logits };
}

describe('Logits are float32 after', () => {
  onEachBackend((backend) => {
    for (const [name, graph] of Object.entries(ENDS)) {
      it(name, () => {
        // Images and weights are numbers that bf16 holds: only maps between layers are rounded,
        // which narrow normalisations magnify.
        const rounds = name.includes('joined maps') && backend.precision === 'bf16';
        const tolerances = rounds
          ? { tolerance: 0.2, logitsTolerance: 2e-3 }
          : { logitsTolerance: 1e-5 };
        const options = { batch: 3, byNorm: true, ...tolerances };
        assertParity(backend, build(graph), { ...options, cacheKey: `float32 ${name}` });
        if (!backend.native) return;
        const { storages, logits } = run(build(graph)());
        assert.deepEqual(new Set(storages), new Set(['f32']));
        assert.ok(
          logits.some((value) => value !== bf16Of(value)),
          `all logits are those of bf16: ${logits}`,
        );
      });

      it(`${name}, after a layer that the precision stores`, () => {
        const options = { batch: 3, byNorm: true };
        assertParity(backend, afterStem(graph), { ...options, cacheKey: `stem, ${name}` });
        if (!backend.native) return;
        const { storages, dStem } = run(afterStem(graph)());
        assert.deepEqual(new Set(storages), new Set(['f32']));
        assert.equal(dStem, backend.precision);
      });
    }
  });
});
