import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { productCalls } from '../../bench/cuda/product-calls.js';
import { findArchitecture } from '../../src/archs/index.js';

describe('bench/cuda: the products that networks call', () => {
  it('are those of one training step of each, with whose they are', async () => {
    const calls = await productCalls(['lenet5', 'nin-cifar'].map(findArchitecture), [2], 'bf16');
    // What had not ended would fail without its backend.
    await wait(20);
    const of = (kernel: string, network: string) =>
      calls.filter((call) => call.kernel === kernel && call.networks.includes(network)).length;
    // The images need no gradient.
    const kernels = ['FusedConv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'];
    assert.deepEqual(
      kernels.map((kernel) => of(kernel, 'lenet5')),
      [2, 1, 2],
    );
    assert.deepEqual(
      kernels.map((kernel) => of(kernel, 'nin-cifar')),
      [8, 7, 8],
    );
  });
});
