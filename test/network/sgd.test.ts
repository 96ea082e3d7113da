import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { Sgd, type SgdSettings } from '../../src/network/sgd.js';
import type { Weight } from '../../src/network/weights.js';
import { assertClose, liveTensors, numbers, onEachBackend } from './backends.js';

const KINDS = ['kernel', 'bias', 'gamma'] as const;
const SIZES = [35, 5, 3];

/** torch.optim.SGD, line by line. */
function pytorch(
  { momentum, nesterov, weightDecay, decayBias, biasLrScale }: SgdSettings,
  lrs: number[],
): number[][] {
  return KINDS.map((kind, index) => {
    const w = [...numbers(SIZES[index] as number, index)];
    const buffer = w.map(() => 0);
    lrs.forEach((lr, step) => {
      const g = numbers(w.length, 10 * step + index);
      w.forEach((weight, at) => {
        const decay = kind === 'kernel' || decayBias ? weightDecay : 0;
        const gradient = (g[at] as number) + decay * weight;
        buffer[at] = momentum * (buffer[at] as number) + gradient;
        const update = nesterov ? gradient + momentum * (buffer[at] as number) : buffer[at];
        w[at] = weight - lr * (kind === 'bias' ? biasLrScale : 1) * (update as number);
      });
    });
    return w;
  });
}

describe('SGD', () => {
  onEachBackend(() => {
    const base = {
      momentum: 0.9,
      nesterov: false,
      weightDecay: 0,
      decayBias: false,
      biasLrScale: 1,
    };
    const cases: Record<string, SgdSettings> = {
      'with momentum': base,
      'without momentum': { ...base, momentum: 0 },
      'with Nesterov momentum': { ...base, nesterov: true, weightDecay: 0.1 },
      'with decay of kernels alone': { ...base, weightDecay: 0.1 },
      'with decay of everything': { ...base, weightDecay: 0.1, decayBias: true },
      'with a learning rate of its own for biases': { ...base, biasLrScale: 2 },
    };
    for (const [name, settings] of Object.entries(cases)) {
      it(`is PyTorch's rule ${name}`, () => {
        const live = liveTensors();
        const weights: Weight[] = KINDS.map((kind, index) => ({
          variable: tf.tidy(() => tf.variable(tf.tensor1d(numbers(SIZES[index] as number, index)))),
          name: `layer/${kind}`,
          kind,
        }));
        const sgd = new Sgd(weights, settings);
        const lrs = [0.1, 0.1, 0.02, 0.5];
        lrs.forEach((lr, step) => {
          const gradients = SIZES.map((size, index) =>
            tf.tensor1d(numbers(size, 10 * step + index)),
          );
          sgd.step(gradients, lr);
          tf.dispose(gradients);
        });
        pytorch(settings, lrs).forEach((expected, index) => {
          const { variable, kind } = weights[index] as Weight;
          assertClose(variable.dataSync(), expected, 1e-5, kind);
        });
        sgd.dispose();
        for (const { variable } of weights) variable.dispose();
        assert.deepEqual(liveTensors(), live);
      });
    }
  });
});
