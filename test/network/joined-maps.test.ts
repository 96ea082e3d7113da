/** Dense blocks in one tensor: the same gradients, no joins, no memory left. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { BatchNormalization } from '../../src/archs/layers/index.js';
import { Network } from '../../src/network/network.js';
import { Optimizer } from '../../src/network/optimizer.js';
import { planOf } from '../../src/network/plan.js';
import { weightsOf } from '../../src/network/weights.js';
import {
  assertCloseByNorm,
  liveTensors,
  nativeBackend,
  numbers,
  onEachBackend,
  onReference,
  timeLimit,
} from './backends.js';
import { narrow } from './narrow.js';
import { assertParity, Probe, setWeights } from './parity.js';

type Graph = (x: SymbolicTensor) => SymbolicTensor;

const apply = (layer: layers.Layer, x: SymbolicTensor | SymbolicTensor[]) =>
  layer.apply(x) as SymbolicTensor;
const norm = (name: string, trainable = true) =>
  new BatchNormalization({ momentum: 0.75, epsilon: 1e-3, unbiased: true, name, trainable });
const relu = (x: SymbolicTensor, name: string) =>
  apply(layers.activation({ activation: 'relu', name }), x);
const conv = (x: SymbolicTensor, name: string, filters: number, trainable = true) => {
  const settings = { filters, kernelSize: 3, padding: 'same' as const, useBias: false };
  return apply(layers.conv2d({ ...settings, name, trainable }), x);
};
const join = (name: string, ...terms: SymbolicTensor[]) =>
  apply(layers.concatenate({ name }), terms);

interface Dense {
  growths: readonly number[];
  /** Layers that do not learn, by name. */
  frozen?: RegExp;
  linear?: boolean;
}

/** Normalisation, ReLU and convolution for each number of maps, joined to what was before. */
function denseLayers(x: SymbolicTensor, { growths, frozen = /^$/, linear = false }: Dense) {
  return growths.reduce((before, filters, index) => {
    const named = (word: string) => `${word}${index}`;
    const learns = (name: string) => !frozen.test(name);
    const z = apply(norm(named('norm'), learns(named('norm'))), before);
    const y = linear ? z : relu(z, named('relu'));
    const maps = conv(y, named('conv'), filters, learns(named('conv')));
    return join(named('join'), before, maps);
  }, x);
}

const end = (x: SymbolicTensor) => relu(apply(norm('end'), x), 'end.relu');
const dense =
  (settings: Dense): Graph =>
  (x) =>
    end(denseLayers(x, settings));

interface Case {
  graph: Graph;
  /**
   * In bf16, relative to the norm. The errors are those of the same layers with joins by copies:
   * rounding, which narrow normalisations magnify.
   */
  tolerance?: number;
  /** Blocks that the plan makes. */
  blocks: number;
}

const CASES: Record<string, Case> = {
  'two layers': { graph: dense({ growths: [3, 5] }), blocks: 1 },
  'five layers of one to nine maps': {
    graph: dense({ growths: [1, 9, 2, 7, 4] }),
    blocks: 1,
    tolerance: 0.2,
  },
  'layers without ReLU': { graph: dense({ growths: [3, 4], linear: true }), blocks: 1 },
  'wide layers': { graph: dense({ growths: [40, 33, 70] }), blocks: 1, tolerance: 0.1 },
  'two blocks': {
    graph: (x) => {
      const first = end(denseLayers(x, { growths: [3, 4] }));
      const inner = conv(first, 'transition', 6);
      const second = join('a', inner, conv(relu(inner, 'inner.relu'), 'b', 3));
      const third = join('c', second, conv(apply(norm('d'), second), 'e', 2));
      return apply(norm('f'), third);
    },
    blocks: 2,
  },
  'maps that are read elsewhere too': {
    graph: (x) => {
      const stem = conv(x, 'stem', 5);
      const first = conv(apply(norm('a'), stem), 'b', 5);
      const joined = join('c', stem, first);
      const second = conv(apply(norm('d'), joined), 'e', 5);
      const y = apply(norm('f'), join('g', joined, second));
      const others = apply(layers.add({ name: 'sum' }), [stem, first, second]);
      return join('h', y, others);
    },
    blocks: 1,
  },
  'maps that two normalisations read': {
    graph: (x) => {
      const joined = join('a', x, conv(x, 'b', 3));
      const terms = ['c', 'd'].map((name) => conv(apply(norm(name), joined), `${name}.conv`, 2));
      const sum = apply(layers.add({ name: 'sum' }), terms);
      return apply(norm('e'), join('f', joined, sum));
    },
    blocks: 1,
  },
  'a stem that does not learn': {
    graph: (x) => end(denseLayers(conv(x, 'stem', 3), { growths: [3, 4] })),
    blocks: 1,
  },
  'maps that a convolution reads': {
    graph: (x) => {
      const joined = join('a', x, conv(x, 'b', 3));
      return end(join('c', joined, conv(joined, 'd', 3)));
    },
    blocks: 0,
  },
  'a block that two normalisations read': {
    graph: (x) => {
      const joined = denseLayers(x, { growths: [3, 4] });
      const terms = ['a', 'b'].map((name) => apply(norm(name), joined));
      return apply(layers.add({ name: 'sum' }), terms);
    },
    blocks: 0,
  },
  'maps that are read after the next are there': {
    graph: (x) => {
      const joined = join('a', x, conv(x, 'b', 3));
      const y = end(join('c', joined, conv(apply(norm('d'), joined), 'e', 2)));
      return join('f', y, apply(norm('g'), joined));
    },
    blocks: 0,
  },
  'a block that nothing normalises': {
    graph: (x) => denseLayers(x, { growths: [3, 4] }),
    blocks: 0,
  },
};

const build =
  (graph: Graph, probe = true) =>
  () => {
    const images = input({ shape: [7, 5, 4], name: 'image' });
    const x = probe ? apply(new Probe({ name: 'probe' }), images) : images;
    const flat = apply(layers.flatten({ name: 'flatten' }), graph(x));
    return model({ inputs: images, outputs: flat, name: 'case' });
  };

/** Frees the model. */
function gradientsOf(net: LayersModel): tf.TypedArray[] {
  setWeights(net);
  const network = new Network(net);
  const images = tf.tensor4d(numbers(3 * 7 * 5 * 4), [3, 7, 5, 4]);
  const labels = tf.tensor1d([1, 2, 3], 'int32');
  const options = { smoothing: 0, seed: 1, step: 0 };
  const { stats, gradients } = network.gradients(images, labels, options);
  const values = gradients.map((gradient) => gradient.dataSync().slice());
  tf.dispose([images, labels, stats, gradients]);
  network.dispose();
  net.dispose();
  return values;
}

describe('Dense blocks', () => {
  onEachBackend((backend) => {
    const { native } = backend;
    for (const [name, { graph, blocks, tolerance = 0.05 }] of Object.entries(CASES)) {
      it(`have the gradients of tfjs: ${name}`, () => {
        const net = build(graph)();
        const plan = planOf(net, weightsOf(net));
        const starts = plan.steps.filter(({ name: layer, inputs }) => {
          return inputs.length === 1 && net.getLayer(layer).getClassName() === 'Concatenate';
        });
        assert.equal(starts.length, native ? blocks : 0);
        net.dispose();
        const options = backend.precision === 'bf16' ? { tolerance, byNorm: true } : {};
        for (const batch of [1, 3]) assertParity(backend, build(graph), { batch, ...options });
      });
    }

    // The reference runs frozen normalisations as in evaluation, all of them or none.
    it('have the gradients of tfjs where nothing but the convolutions learns', () => {
      const graph: Graph = (x) => {
        const settings = { growths: [3, 5], frozen: /norm|conv0/ };
        return apply(norm('end', false), denseLayers(x, settings));
      };
      const options = backend.precision === 'bf16' ? { tolerance: 0.05, byNorm: true } : {};
      assertParity(backend, build(graph), { frozen: true, ...options });
    });

    // The tape has not the gradient where some normalisations are frozen; the plan of another
    // backend, which joins by copies, has.
    it('have the gradients of joined tensors where only the last layers learn', () => {
      const graph: Graph = (x) => {
        const settings = { growths: [3, 5, 2], frozen: /norm[01]|conv0/ };
        return end(denseLayers(conv(x, 'stem', 3, false), settings));
      };
      const found = gradientsOf(build(graph, false)());
      const wanted = onReference(() => gradientsOf(build(graph, false)()));
      assert.ok(found.length > 5);
      // Joins by copies are off by as much in bf16: 0.086 at most.
      const tolerance = backend.precision === 'bf16' ? 0.1 : 1e-4;
      found.forEach((gradient, index) => {
        assertCloseByNorm(gradient, wanted[index] ?? [], tolerance, `gradient ${index}`);
      });
    });

    // Joins by copies elsewhere.
    if (!native) return;

    it('run no kernel that joins or splits, and take no more memory at every step', async function () {
      this.timeout(timeLimit(120_000));
      const net = narrow('densenet121', 48, 1 / 4);
      const network = new Network(net);
      const sgd = new Optimizer(network.weights, {
        momentum: 0.9,
        nesterov: false,
        weightDecay: 1e-4,
        decayBias: false,
        biasLrScale: 1,
      });
      const images = tf.tensor4d(numbers(4 * 48 * 48 * 3), [4, 48, 48, 3]);
      const labels = tf.tensor1d([0, 1, 2, 3], 'int32');
      const device = nativeBackend();
      const counts = new Map<string, number>();
      const count = (kernel: string) => counts.set(kernel, (counts.get(kernel) ?? 0) + 1);
      const step = async (number: number) => {
        const { stats, gradients } = network.gradients(images, labels, {
          smoothing: 0,
          seed: 1,
          step: number,
        });
        sgd.step(gradients, 0.05);
        tf.dispose([stats, gradients, network.predict(images)]);
        await device?.sync();
        return [...liveTensors(), device?.memory().deviceBytes];
      };
      if (device) device.onRun = count;
      const memory = [await step(0)];
      if (device) device.onRun = undefined;
      for (const kernel of ['Concat', 'SplitV']) assert.equal(counts.get(kernel), undefined);
      // Where a normalisation is folded into the convolution before it, for the prediction.
      assert.equal(counts.get('Add'), 1 + 58);
      // Four blocks of 58 layers, in training and in evaluation; a normalisation by itself after
      // the stem and after each bottleneck.
      assert.equal(counts.get('AppendChannels'), 2 * (4 + 58));
      assert.equal(counts.get('BatchNormTrain'), 1 + 58);
      for (let number = 1; number < 8; number++) memory.push(await step(number));
      for (const used of memory.slice(3)) assert.deepEqual(used, memory[2]);
      sgd.dispose();
      network.dispose();
      tf.dispose([images, labels]);
      for (const weight of net.weights) weight.read().dispose();
    });
  });
});
