/** Every candidate computes what the fixed table's does. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { loadAddon } from '../../src/backend/load-addon.js';
import { callKey, type DescribedCall } from '../../src/backend/tuning/calls.js';
import { assertClose, numbers } from '../network/backends.js';
import { device, onNative, stored } from './compare.js';
import { check, nameOf, randomShapes, stridedPointwiseShapes } from './convolution-cases.js';
import type { Convolution } from './plain-convolution.js';

/** Shapes that whole vectors of channels have, beside the ragged ones. */
const WIDE: readonly Convolution[] = [
  wide({ size: [13, 9], inChannels: 32, outChannels: 48, filter: [3, 3], pad: 1 }),
  wide({ size: [6, 6], inChannels: 96, outChannels: 64, filter: [3, 3], pad: 1, groups: 2 }),
  wide({ size: [9, 10], inChannels: 16, outChannels: 32, filter: [5, 5], pad: 2 }),
  wide({ size: [7, 11], inChannels: 48, outChannels: 80, filter: [1, 1], pad: 0 }),
  wide({ size: [8, 8], inChannels: 64, outChannels: 17, filter: [1, 1], pad: 0, stride: 2 }),
  // A filter whose transform no cache holds.
  wide({ size: [2, 3], inChannels: 368, outChannels: 336, filter: [3, 3], pad: 1 }),
  wide({ size: [12, 21], inChannels: 1, outChannels: 6, filter: [5, 5], pad: 2 }),
];

function wide({
  pad,
  stride = 1,
  groups = 1,
  ...shape
}: Pick<Convolution, 'size' | 'inChannels' | 'outChannels' | 'filter'> & {
  pad: number;
  stride?: number;
  groups?: number;
}): Convolution {
  const around = [pad, pad] as const;
  const rest = { stride: [stride, stride], dilation: [1, 1], pad: [around, around] } as const;
  return { batch: 3, groups, ...rest, ...shape };
}

const SHAPES = [...WIDE, ...randomShapes(12), ...stridedPointwiseShapes().slice(0, 4)];

/** The call of a kernel that `compute` makes. */
function callOf(compute: () => tf.Tensor): DescribedCall {
  const backend = device();
  let call: DescribedCall | undefined;
  backend.onRun = (kernel, inputs, outputs, parameters) => {
    call = backend.describe(kernel, inputs, outputs, parameters);
  };
  compute();
  backend.onRun = undefined;
  assert.ok(call);
  return call;
}

function candidatesFor({ number, tensors, words }: DescribedCall): string[] {
  return loadAddon().candidates(number, tensors, words, device().threads);
}

/** Runs `compute` by each candidate in turn. */
function byEach(compute: () => tf.Tensor, use: (found: tf.Tensor, way: string) => void): string[] {
  const call = callOf(compute);
  const names = candidatesFor(call);
  assert.ok(names.length > 0, callKey(call));
  for (const [index, name] of names.entries()) {
    // The fixed table's may be a reference implementation, which is not chosen.
    device().setChoices(index === 0 ? [] : [{ call, candidate: name }]);
    const found = device().asStep(compute);
    use(found, `by ${name}`);
    device().setChoices([]);
  }
  return names;
}

describe('every candidate', () => {
  onNative(({ name, tolerance, precision }) => {
    // The addon of a GPU chooses by cuDNN's and cuBLASLt's ways.
    if (name === 'cuda') return;
    const seen = new Set<string>();
    for (const [index, shape] of SHAPES.entries()) {
      it(`convolves ${nameOf(shape)}`, () => {
        check(shape, index, tolerance, (compute, use) => {
          const kernel = callOf(compute).kernel;
          for (const found of byEach(compute, use)) seen.add(`${kernel} ${found}`);
        });
      });
    }

    it('multiplies', () => {
      const [a, b] = [
        stored(numbers(7 * 33, 1), [7, 33]),
        tf.tensor2d(numbers(33 * 20, 2), [33, 20]),
      ];
      const wanted = tf.tidy(() => tf.matMul(a, b).dataSync());
      byEach(
        () => tf.matMul(a, b),
        (found, way) => assertClose(found.dataSync(), wanted, tolerance, way),
      );
    });

    it('is among those that were run', () => {
      const wanted = [
        'FusedConv2D winograd',
        'FusedConv2D products',
        'FusedConv2D matmul',
        'FusedConv2D narrow',
        'FusedConv2D onednn',
        'Conv2DBackpropInput winograd',
        'Conv2DBackpropInput products',
        'Conv2DBackpropInput matmul',
        'Conv2DBackpropInput turned',
        'Conv2DBackpropInput onednn',
        'Conv2DBackpropFilter winograd',
        'Conv2DBackpropFilter products',
        'Conv2DBackpropFilter matmul',
        'Conv2DBackpropFilter onednn',
      ];
      // Without vector extensions our own are not among them, nor all of oneDNN's.
      if (/^generic/.test(device().queue.description)) return;
      for (const candidate of wanted) assert.ok(seen.has(candidate), candidate);
    });

    it('is chosen for one call alone, and not where it cannot compute it', async () => {
      const x = stored(numbers(2 * 6 * 6 * 5, 1), [2, 6, 6, 5]) as tf.Tensor4D;
      const filter = tf.tensor4d(numbers(3 * 3 * 5 * 4, 2), [3, 3, 5, 4]);
      const compute = () => tf.conv2d(x, filter, 1, 'same');
      const call = callOf(compute);
      assert.ok(!candidatesFor(call).includes('winograd'));
      device().setChoices([{ call, candidate: 'winograd' }]);
      // In training steps alone.
      compute();
      await device().sync();
      device().asStep(compute);
      await assert.rejects(device().sync(), /the candidate winograd does not take this call/);
      device().setChoices([]);
      device().asStep(compute);
      await device().sync();
      assert.match(callKey(call), new RegExp(`^FusedConv2D ${precision} f32 `));
    });
  });
});
