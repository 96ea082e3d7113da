/** A network's logits and gradients beside those of tfjs's own tape on tfjs-backend-cpu. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { Network } from '../../src/network/network.js';
import { lastWithWeights } from '../../src/weights/mapping.js';
import {
  assertClose,
  assertCloseByNorm,
  norm,
  numbers,
  onReference,
  type TestBackend,
} from './backends.js';

export interface ParityOptions {
  batch?: number;
  tolerance?: number;
  /** For the logits of evaluation, where it differs. */
  logitsTolerance?: number;
  /** Measures gradients by their norm instead of the largest error. */
  byNorm?: boolean;
  /** Compares the gradients of the biases of the layers that make the logits alone. */
  headsAlone?: boolean;
  /** Where the reference is slow: computed once for all tests of this key. */
  cacheKey?: string;
  /** Another model of the same weights, where the tape has not the gradient that is wanted. */
  reference?: () => LayersModel;
  /**
   * The reference runs its layers as in evaluation, so that it normalises by running statistics.
   */
  frozen?: boolean;
}

/** Of the loss of each auxiliary head. */
const WEIGHT = 0.3;

type Reference = ReturnType<typeof reference>;
const references = new Map<string, Reference>();

/**
 * Compares logits in evaluation and, in training, the loss, every weight's gradient and the weights
 * that are not trained, after the step.
 */
export function assertParity(
  backend: TestBackend,
  build: () => LayersModel,
  options: ParityOptions = {},
): void {
  const { batch = 2, tolerance = backend.tolerance, byNorm = false, cacheKey } = options;
  const { logitsTolerance = tolerance, headsAlone = false } = options;
  const known = cacheKey === undefined ? undefined : references.get(cacheKey);
  const expected = known ?? onReference(() => reference(options.reference ?? build, options));
  if (cacheKey !== undefined) references.set(cacheKey, expected);
  const before = tf.memory().numTensors;
  const model = build();
  setWeights(model);
  const network = new Network(model);
  const { images, labels } = inputs(model, batch);
  const logits = network.predict(images);
  assertClose(logits.dataSync(), expected.logits, logitsTolerance, 'logits');
  const { stats, gradients } = network.gradients(images, labels, {
    smoothing: 0,
    seed: 1,
    step: 0,
    auxiliaryWeight: WEIGHT,
  });
  assertClose([(stats.dataSync()[0] as number) / batch], [expected.loss], tolerance, 'loss');
  // Some gradients are nothing but rounding errors: a bias's before batch normalisation.
  const least = 1e-3 * Math.max(...expected.gradients.map(norm));
  const compared = headsAlone ? headBiases(model) : network.weights.map(({ name }) => name);
  assert.ok(compared.length > 0, `${model.name}: no gradient would be compared`);
  network.weights.forEach(({ name }, index) => {
    if (!compared.includes(name)) return;
    const gradient = (gradients[index] as tf.Tensor).dataSync();
    const [reference, what] = [expected.gradients[index] ?? [], `gradient of ${name}`];
    if (byNorm) assertCloseByNorm(gradient, reference, tolerance, what, least);
    else assertClose(gradient, reference, tolerance, what);
  });
  fixedWeights(model).forEach(({ name, values }, index) => {
    assertClose(values, expected.fixed[index]?.values ?? [], tolerance, name);
  });
  tf.dispose([images, labels, logits, stats, gradients]);
  network.dispose();
  disposeModel(model);
  const left = tf.memory().numTensors - before;
  if (left !== 0) throw new Error(`${left} tensors are left`);
}

/** Of every head one, whatever its layer is called. */
function headBiases(model: LayersModel): string[] {
  return model.outputs.map((output) => {
    const { name, weights } = lastWithWeights(output);
    const bias = weights.find(({ originalName }) => originalName.endsWith('/bias'));
    assert.ok(bias, `Layer "${name}" has no bias`);
    return bias.originalName;
  });
}

function reference(build: () => LayersModel, { batch = 2, frozen = false }: ParityOptions) {
  const model = build();
  setWeights(model);
  const { images, labels } = inputs(model, batch);
  const classes = model.outputs[0]?.shape[1] as number;
  const logits = ([model.apply(images)].flat()[0] as tf.Tensor).dataSync();
  const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const oneHot = tf.oneHot(labels, classes);
  const { value, grads } = tf.variableGrads(() => {
    const heads = [model.apply(images, { training: !frozen })].flat() as tf.Tensor[];
    const losses = heads.map((head, index) =>
      tf.mul(tf.losses.softmaxCrossEntropy(oneHot, head), index === 0 ? 1 : WEIGHT),
    );
    return tf.addN(losses) as tf.Scalar;
  }, weights);
  const gradients = weights.map((weight) => (grads[weight.name] as tf.Tensor).dataSync());
  const loss = value.dataSync()[0] as number;
  const fixed = fixedWeights(model);
  disposeModel(model);
  return { logits, loss, gradients, fixed };
}

/** Running statistics, and the weights of frozen layers. */
function fixedWeights(model: LayersModel) {
  return model.nonTrainableWeights.map((weight) => ({
    name: weight.originalName,
    values: weight.read().dataSync(),
  }));
}

function inputs(model: LayersModel, batch: number) {
  const [, height, width, channels] = (model.inputs[0] as SymbolicTensor).shape;
  const shape = [batch, height, width, channels] as [number, number, number, number];
  const classes = model.outputs[0]?.shape[1] as number;
  const images = tf.tensor4d(numbers(tf.util.sizeFromShape(shape), 5), shape);
  const labels = tf.tensor1d(
    Int32Array.from({ length: batch }, (_, index) => (3 * index + 1) % classes),
    'int32',
  );
  return { images, labels };
}

/** On the host, so that weights are float32 on every backend. */
export function setWeights(model: LayersModel): void {
  tf.tidy(() =>
    model.setWeights(
      model.weights.map((weight, index) => {
        const { shape, size } = weight.read();
        const fanIn = shape.length > 1 ? size / (shape.at(-1) as number) : 64;
        const scale = 2 ** -Math.ceil(Math.log2(fanIn) / 2);
        // Gammas and variances about 1.
        const shift = /gamma|variance|coefficient/.test(weight.originalName) ? 1 : 0;
        const values = numbers(size, index + 2).map((value) => shift + value * scale);
        return tf.tensor(values, shape);
      }),
    ),
  );
}

/** tfjs's own dispose leaves the weights of a layer that is used twice. */
function disposeModel(model: LayersModel): void {
  for (const weight of model.weights) weight.read().dispose();
}

/**
 * Adds a weight of the images' shape to the images: its gradient is that of the layer after it,
 * summed over the batch. It has no rule, so that it runs on the tape.
 */
export class Probe extends layers.Layer {
  static readonly className = 'Probe';

  override build(inputShape: (number | null)[]): void {
    const shape = inputShape.slice(1) as number[];
    const zeros = (layers.dense({ units: 1 }) as unknown as { biasInitializer: never })
      .biasInitializer;
    this.addWeight('kernel', shape, 'float32', zeros, undefined, true);
    this.built = true;
  }

  override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
    return inputShape;
  }

  override call(given: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = (Array.isArray(given) ? given[0] : given) as tf.Tensor;
    return tf.tidy(() => tf.add(x, (this.weights[0] as { read(): tf.Tensor }).read()));
  }
}

tf.serialization.registerClass(Probe);
