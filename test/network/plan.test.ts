import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { architectures, findArchitecture, withoutDrawing } from '../../src/archs/index.js';
import { planOf } from '../../src/network/plan.js';
import { weightsOf } from '../../src/network/weights.js';

function plan(name: string) {
  const { build, channels, size: ownSize } = findArchitecture(name);
  const size = Math.min(ownSize, 67);
  const options = { classes: 10, size, channels, seed: 1, auxiliary: true };
  const model: LayersModel = withoutDrawing(() => build(options));
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

  it('folds padding into the max pooling of values that are not below 0', () => {
    const names = plan('googlenet').steps.map(({ name }) => name);
    assert.deepEqual(names.slice(0, 5), [
      'conv1',
      'pool1',
      'norm1',
      'conv2.3x3_reduce',
      'conv2.3x3',
    ]);
  });

  it('folds ReLU and the residual sum into the normalisation that runs last', () => {
    const names = plan('resnet18').steps.map(({ name }) => name);
    assert.deepEqual(names.slice(0, 7), [
      'conv1',
      'bn1',
      'pool1',
      'conv2_1.conv1',
      'conv2_1.bn1',
      'conv2_1.conv2',
      'conv2_1.bn2',
    ]);
    const block = names.filter((name) => name.startsWith('conv3_1'));
    assert.deepEqual(block, [
      'conv3_1.conv1',
      'conv3_1.bn1',
      'conv3_1.conv2',
      'conv3_1.bn2',
      'conv3_1.shortcut.conv',
      'conv3_1.shortcut.bn',
    ]);
  });

  it('evaluates without auxiliary heads, whose steps come last', () => {
    const { steps, evaluation, outputs } = plan('googlenet');
    const isHead = ({ name }: { name: string }) => name.startsWith('aux');
    assert.equal(outputs.length, 3);
    assert.ok(!evaluation.some(isHead));
    assert.deepEqual(evaluation, steps.slice(0, evaluation.length));
    assert.ok(steps.slice(evaluation.length).every(isHead));
  });

  it('keeps of a residual block the inputs of its convolutions and normalisations alone', () => {
    const { steps } = plan('resnet50');
    const kept = steps.flatMap(({ name, operation, inputs, output }) => [
      ...operation.keeps.inputs.map((input) => inputs[input]),
      ...(operation.keeps.output ? [output] : []),
      ...(name === 'fc' ? inputs : []),
    ]);
    const block = steps.filter(({ name }) => name.startsWith('conv2_2'));
    assert.deepEqual(
      block.map(({ output }) => kept.includes(output)),
      block.map(() => true),
    );
    const shortcut = steps.find(({ name }) => name === 'conv2_1.bn3');
    assert.ok(!kept.includes(shortcut?.output), 'a term of a sum alone is not kept');
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
        // All but the images, or in evaluation the logits.
        assert.equal(freed.size, training ? values - 1 : evaluation.length - 1);
      }
    });
  }
});
