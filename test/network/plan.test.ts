import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { architectures, findArchitecture } from '../../src/archs/index.js';
import { planOf } from '../../src/network/plan.js';
import { weightsOf } from '../../src/network/weights.js';

function plan(name: string) {
  const size = name === 'lenet5' ? 28 : 67;
  const { build, channels } = findArchitecture(name);
  const model: LayersModel = build({ classes: 10, size, channels, seed: 1 });
  const result = planOf(model, weightsOf(model));
  model.dispose();
  return result;
}

describe('A plan', () => {
  before(() => tf.setBackend('cpu'));

  it('folds padding into the convolution after it', () => {
    const names = plan('alexnet').steps.map(({ name }) => name);
    assert.deepEqual(names.slice(0, 4), ['conv1', 'norm1', 'pool1', 'conv2']);
  });

  for (const { name } of architectures) {
    it(`of ${name} frees every value once, after its last use`, () => {
      const { steps, evaluation, outputs, values, keptOutputs } = plan(name);
      for (const training of [false, true]) {
        const freed = new Set<number>();
        const free = (list: readonly number[]) => {
          for (const value of list) {
            assert.ok(!freed.has(value), `value ${value} is freed twice`);
            freed.add(value);
          }
        };
        for (const step of training ? steps : evaluation) {
          for (const value of step.inputs) assert.ok(!freed.has(value));
          free(training ? step.freeAfterForward : step.freeAfterEvaluation);
        }
        if (training) free(outputs.filter((value) => !keptOutputs.has(value)));
        for (const step of [...steps].reverse()) {
          if (!training) break;
          const { keeps } = step.operation;
          if (keeps.output) assert.ok(!freed.has(step.output), step.name);
          for (const input of keeps.inputs) {
            assert.ok(!freed.has(step.inputs[input] as number), step.name);
          }
          free(step.freeAfterBackward);
        }
        // All but the images and, in evaluation, the logits.
        assert.equal(freed.size, values - (training ? 1 : 2));
      }
    });
  }
});
