import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { buildModule, findModule, MODULES } from '../../src/archs/blocks/modules.js';
import { layerCosts } from '../../src/archs/index.js';

// biome-ignore format: module, multiply-adds, weights and outputs
const TABLE = [
  ['inception-naive',    854_196_224, 1_089_536, [28, 28, 672]],
  ['inception',          271_351_808,   346_112, [28, 28, 480]],
  ['5x5',                321_126_400,   102_400, [56, 56, 64]],
  ['3x3-stack',          231_211_008,    73_728, [56, 56, 64]],
  ['7x7',                629_407_744,   200_704, [56, 56, 64]],
  ['3x3-stack-of-3',     346_816_512,   110_592, [56, 56, 64]],
  ['residual-basic',     231_211_008,    73_728, [56, 56, 64]],
  ['residual-bottleneck', 218_365_952,   69_632, [56, 56, 256]],
  ['plain-convolution',  447_897_600,   614_400, [27, 27, 256]],
  ['grouped-convolution', 223_948_800,  307_200, [27, 27, 256]],
] as const;

describe('The textbook modules', () => {
  before(() => tf.setBackend('cpu'));

  for (const [name, macs, weights, shape] of TABLE) {
    it(`cost as much as textbooks say: ${name}`, () => {
      const module = findModule(name);
      const model = buildModule(module, module);
      const costs = layerCosts(model);
      const total = { macs: 0, weights: 0 };
      for (const cost of costs) {
        total.macs += cost.macs;
        total.weights += cost.weights;
      }
      assert.deepEqual(total, { macs, weights });
      assert.deepEqual(costs.at(-1)?.outputShape, shape);
      model.dispose();
    });
  }

  it('are all in this table', () => {
    assert.deepEqual(
      MODULES.map(({ name }) => name),
      TABLE.map(([name]) => name),
    );
  });

  it('take a sum before the activation', () => {
    const module = findModule('residual-bottleneck');
    const model = buildModule(module, { size: 4, channels: 8 });
    const activations = ['conv1', 'conv2', 'conv3'].map((layer) => {
      return model.getLayer(layer).getConfig()['activation'];
    });
    assert.deepEqual(activations, ['relu', 'relu', 'linear']);
    assert.deepEqual(model.outputs[0]?.shape, [null, 4, 4, 8]);
    model.dispose();
  });
});
