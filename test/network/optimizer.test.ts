/** Every optimizer against PyTorch's own, or what optimizers.py writes out, for 20 steps. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { Optimizer, type OptimizerSettings } from '../../src/network/optimizer.js';
import type { Weight } from '../../src/network/weights.js';
import { assertClose, liveTensors, numbers, onEachBackend } from './backends.js';

interface Case {
  readonly lr: number;
  readonly settings: OptimizerSettings;
  readonly weights: readonly number[][];
}

const CASES: Readonly<Record<string, Case>> = JSON.parse(
  readFileSync(new URL('optimizers.json', import.meta.url), 'utf8'),
);
const SIZES = { kernel: 35, bias: 5, gamma: 3 } as const;
const STEPS = 20;

function newWeights(): Weight[] {
  return Object.entries(SIZES).map(([kind, size], index) => ({
    variable: tf.tidy(() => tf.variable(tf.tensor1d(numbers(size, index)))),
    name: `layer/${kind}`,
    kind: kind as keyof typeof SIZES,
  }));
}

const gradientsOf = (step: number) =>
  Object.values(SIZES).map((size, index) => numbers(size, 100 * step + index));

/** Calls `take` with the gradients of each step and its learning rate. */
function train(lr: number, take: (gradients: tf.Tensor[], rate: number, step: number) => void) {
  for (let step = 0; step < STEPS; step++) {
    const gradients = gradientsOf(step).map((values) => tf.tensor1d(values));
    take(gradients, (lr * (1 + (step % 4))) / 4, step);
    tf.dispose(gradients);
  }
}

/** Neither momentum nor decay. */
const STILL = {
  ...{ momentum: 0, nesterov: false, weightDecay: 0, decayBias: false, biasLrScale: 1 },
};

describe('an optimizer', () => {
  onEachBackend(({ native }) => {
    for (const [name, { lr, settings, weights: expected }] of Object.entries(CASES)) {
      it(`changes weights by ${name}`, () => {
        const live = liveTensors();
        const weights = newWeights();
        const optimizer = new Optimizer(weights, settings);
        train(lr, (gradients, rate, step) => optimizer.step(gradients, rate, step + 1));
        expected.forEach((values, index) => {
          const { variable, kind } = weights[index] as Weight;
          assertClose(variable.dataSync(), values, 2e-5, kind);
        });
        optimizer.dispose();
        for (const { variable } of weights) variable.dispose();
        assert.deepEqual(liveTensors(), live);
      });
    }

    it('adds up the gradients of a group, by the labels that count', () => {
      const { lr, settings } = CASES['sgd with clipped gradients'] as Case;
      const [weights, others] = [newWeights(), newWeights()];
      const whole = new Optimizer(weights, settings);
      const inParts = new Optimizer(others, { ...settings, gradAccumSteps: 3 });
      // The mean gradients of 2, 5 and 1 images.
      const labels = [2, 5, 1];
      train(lr, (gradients, rate, step) => {
        const parts = labels.map((_, part) =>
          gradients.map((gradient) => tf.tidy(() => tf.mul(gradient, part - 0.5))),
        );
        const share = (2 * -0.5 + 5 * 0.5 + 1 * 1.5) / 8;
        const mean = gradients.map((gradient) => tf.tidy(() => tf.mul(gradient, share)));
        whole.step(mean, rate, step + 1);
        labels.forEach((count, part) => {
          const labelsSoFar = labels.slice(0, part + 1).reduce((sum, more) => sum + more, 0);
          const group = { first: part === 0, last: part === 2, labels: count, labelsSoFar };
          inParts.step(parts[part] as tf.Tensor[], rate, step + 1, { group });
        });
        tf.dispose([mean, parts]);
      });
      weights.forEach(({ variable, kind }, index) => {
        const other = (others[index] as Weight).variable;
        assertClose(other.dataSync(), [...variable.dataSync()], 2e-5, kind);
      });
      assert.equal(inParts.state.length, 2 * whole.state.length);
      whole.dispose();
      inParts.dispose();
      for (const { variable } of [...weights, ...others]) variable.dispose();
    });

    for (const opt of ['sgd', 'rmsprop', 'adamw'] as const) {
      it(`takes the momentum of a step in place of its own, by ${opt}`, () => {
        const settings = { ...STILL, opt, optEps: 1e-8 };
        const variable = tf.variable(tf.tensor1d([1]));
        const optimizer = new Optimizer([{ variable, name: 'w', kind: 'kernel' }], settings);
        // Gradients of 2 and -1, with momenta of 0.9 and 0.6, at a rate of 0.1; by hand, from PyTorch's rules.
        const [first, second] = {
          sgd: [2, 0.6 * 2 - 1],
          rmsprop: [
            2 / Math.sqrt(0.1 * 4),
            (0.6 * 2) / Math.sqrt(0.1 * 4) - 1 / Math.sqrt(0.9 * 0.1 * 4 + 0.1),
          ],
          adamw: [
            1,
            (0.6 * (0.1 * 2) - 0.4) /
              (1 - 0.6 ** 2) /
              Math.sqrt((0.999 * 0.001 * 4 + 0.001) / (1 - 0.999 ** 2)),
          ],
        }[opt] as [number, number];
        for (const [index, [gradient, momentum]] of [
          [2, 0.9] as const,
          [-1, 0.6] as const,
        ].entries()) {
          const gradients = [tf.tensor1d([gradient])];
          optimizer.step(gradients, 0.1, index + 1, { momentum });
          tf.dispose(gradients);
        }
        assertClose(variable.dataSync(), [1 - 0.1 * (first + second)], 1e-5, opt);
        optimizer.dispose();
        variable.dispose();
      });
    }

    if (!native) return;
    it('takes memory for its state once, and none in later steps', () => {
      for (const opt of ['sgd', 'rmsprop', 'lars', 'adamw', 'lamb'] as const) {
        const { settings } = CASES['sgd with clipped gradients'] as Case;
        const weights = newWeights();
        const optimizer = new Optimizer(weights, { ...settings, opt });
        const gradients = gradientsOf(0).map((values) => tf.tensor1d(values));
        optimizer.step(gradients, 0.1);
        const { numTensors, numBytes } = tf.memory();
        for (let update = 2; update < 5; update++) optimizer.step(gradients, 0.1, update);
        assert.deepEqual([tf.memory().numTensors, tf.memory().numBytes], [numTensors, numBytes]);
        tf.dispose(gradients);
        optimizer.dispose();
        for (const { variable } of weights) variable.dispose();
      }
    });
  });
});
