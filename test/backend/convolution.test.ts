import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { computeFloat32 } from '../../src/network/run-kernel.js';
import { random } from '../../src/rng.js';
import {
  assertClose,
  numbers,
  onEachBackend,
  onReference,
  type TestBackend,
} from '../network/backends.js';
import { device, runKernel as run, stored } from './compare.js';

interface Case {
  size: number;
  inChannels: number;
  outChannels: number;
  filter: number;
  stride: number;
  pad: number;
  groups?: number;
}

// Ragged ones, the first layers of our networks, and one for each way the kernels go.
// biome-ignore format: columns
const CASES: readonly Case[] = [
  { size: 8,  inChannels: 3,  outChannels: 7,  filter: 3,  stride: 1, pad: 1 },
  { size: 9,  inChannels: 16, outChannels: 32, filter: 3,  stride: 2, pad: 1 },
  { size: 7,  inChannels: 5,  outChannels: 6,  filter: 5,  stride: 1, pad: 0 },
  { size: 8,  inChannels: 32, outChannels: 64, filter: 1,  stride: 1, pad: 0 },
  { size: 8,  inChannels: 17, outChannels: 33, filter: 1,  stride: 2, pad: 0 },
  { size: 28, inChannels: 1,  outChannels: 6,  filter: 5,  stride: 1, pad: 2 },
  { size: 9,  inChannels: 1,  outChannels: 3,  filter: 3,  stride: 1, pad: 0 },
  { size: 7,  inChannels: 1,  outChannels: 8,  filter: 4,  stride: 1, pad: 3 },
  { size: 27, inChannels: 3,  outChannels: 48, filter: 11, stride: 4, pad: 2 },
  { size: 9,  inChannels: 32, outChannels: 48, filter: 3,  stride: 1, pad: 1 },
  { size: 5,  inChannels: 16, outChannels: 16, filter: 3,  stride: 1, pad: 0 },
  { size: 11, inChannels: 16, outChannels: 16, filter: 3,  stride: 1, pad: 0 },
  { size: 13, inChannels: 48, outChannels: 80, filter: 3,  stride: 1, pad: 1 },
  { size: 3,  inChannels: 64, outChannels: 16, filter: 3,  stride: 1, pad: 2 },
  { size: 9,  inChannels: 64, outChannels: 16, filter: 3,  stride: 1, pad: 2 },
  { size: 7,  inChannels: 40, outChannels: 24, filter: 1,  stride: 1, pad: 0 },
  { size: 9,  inChannels: 48, outChannels: 64, filter: 1,  stride: 2, pad: 0 },
  { size: 7,  inChannels: 32, outChannels: 64, filter: 5,  stride: 1, pad: 2, groups: 2 },
  { size: 6,  inChannels: 12, outChannels: 9,  filter: 3,  stride: 2, pad: 1, groups: 3 },
  { size: 66, inChannels: 16, outChannels: 16, filter: 3,  stride: 1, pad: 1 },
  { size: 7,  inChannels: 32, outChannels: 96, filter: 3,  stride: 1, pad: 1, groups: 2 },
  { size: 9,  inChannels: 176, outChannels: 48, filter: 5, stride: 1, pad: 2 },
  { size: 5,  inChannels: 64, outChannels: 128, filter: 5, stride: 1, pad: 0 },
  { size: 12, inChannels: 64, outChannels: 128, filter: 5, stride: 1, pad: 0 },
  { size: 7,  inChannels: 96, outChannels: 192, filter: 5, stride: 1, pad: 2, groups: 2 },
];

const draw = random(1, 'augment');
const values = (count: number) => Float32Array.from({ length: count }, () => draw.uniform() - 0.5);

interface Tensors {
  x: tf.Tensor;
  filter: tf.Tensor;
  bias: tf.Tensor;
  dy: tf.Tensor;
}

/** y, dx and dFilter of one group, by tfjs's kernels. */
function passes({ x, filter, bias, dy }: Tensors, attributes: object, activation: string) {
  const fused = { ...attributes, activation };
  return {
    y: run('FusedConv2D', { x, filter, bias }, fused),
    dx: run('Conv2DBackpropInput', { dy, filter }, { ...attributes, inputShape: x.shape }),
    dFilter: run('Conv2DBackpropFilter', { x, dy }, { ...attributes, filterShape: filter.shape }),
  };
}

/** The same for groups: each on its own channels. */
function reference(tensors: Tensors, attributes: object, activation: string, groups: number) {
  const part = (tensor: tf.Tensor, index: number) =>
    tf.split(tensor, groups, tensor.shape.length - 1)[index] as tf.Tensor;
  const parts = Array.from({ length: groups }, (_, group) =>
    passes(
      {
        x: part(tensors.x, group),
        filter: part(tensors.filter, group),
        bias: part(tensors.bias, group),
        dy: part(tensors.dy, group),
      },
      attributes,
      activation,
    ),
  );
  const join = (name: 'y' | 'dx' | 'dFilter') =>
    tf.concat(
      parts.map((each) => each[name]),
      3,
    );
  return { y: join('y'), dx: join('dx'), dFilter: join('dFilter') };
}

function check(shape: Case, backend: TestBackend, activation: string): void {
  const { size, inChannels, outChannels, filter, stride, pad, groups = 1 } = shape;
  const batch = 2;
  const out = Math.floor((size + 2 * pad - filter) / stride) + 1;
  const shapes = {
    x: [batch, size, size, inChannels],
    filter: [filter, filter, inChannels / groups, outChannels],
    bias: [outChannels],
    dy: [batch, out, out, outChannels],
  };
  const data = Object.fromEntries(
    Object.entries(shapes).map(([name, each]) => [name, values(tf.util.sizeFromShape(each))]),
  ) as Record<keyof Tensors, Float32Array>;
  const attributes = {
    strides: [stride, stride],
    pad: [
      [0, 0],
      [pad, pad],
      [pad, pad],
      [0, 0],
    ],
    dataFormat: 'NHWC',
    dilations: [1, 1],
  };
  const tensors = (make: (data: Float32Array, shape: number[]) => tf.Tensor): Tensors => ({
    x: make(data.x, shapes.x),
    filter: tf.tensor(data.filter, shapes.filter),
    bias: tf.tensor(data.bias, shapes.bias),
    dy: make(data.dy, shapes.dy),
  });
  const wanted = onReference(() => {
    const results = reference(tensors(tf.tensor), attributes, activation, groups);
    return {
      y: results.y.dataSync(),
      dx: results.dx.dataSync(),
      dFilter: results.dFilter.dataSync(),
    };
  });
  tf.tidy(() => {
    const results = passes(tensors(stored), attributes, activation);
    for (const name of ['y', 'dx', 'dFilter'] as const) {
      assertClose(results[name].dataSync(), wanted[name], backend.tolerance, name);
    }
  });
}

/** Of numbers that bf16 holds, so that nothing is rounded to it where the result is float32. */
function checkFloat32({ size, inChannels, outChannels, filter, stride }: Case): void {
  const shapes = {
    x: [2, size, size, inChannels],
    filter: [filter, filter, inChannels, outChannels],
  };
  const attributes = {
    strides: [stride, stride],
    pad: 'same',
    dataFormat: 'NHWC',
    dilations: [1, 1],
  };
  const convolve = (make: typeof stored): tf.Tensor => {
    const [x, weights] = Object.values(shapes).map((shape, index) =>
      make(numbers(tf.util.sizeFromShape(shape), index + 1), shape),
    ) as [tf.Tensor, tf.Tensor];
    return run('FusedConv2D', { x, filter: weights }, { ...attributes, activation: 'relu' });
  };
  const wanted = onReference(() =>
    convolve((data, shape) => tf.tensor(Float32Array.from(data), shape)).dataSync(),
  );
  tf.tidy(() => {
    const y = computeFloat32(() => convolve(stored));
    assert.equal(device().storageOf(y), 'f32');
    assertClose(y.dataSync(), wanted, 1e-5, 'y');
  });
}

describe('native convolution', () => {
  onEachBackend((backend) => {
    if (!backend.native) return;
    for (const shape of CASES) {
      const { size, inChannels, outChannels, filter, stride, groups = 1 } = shape;
      const name = `${size}×${size}×${inChannels} to ${outChannels}, ${filter}×${filter}/${stride}`;
      it(`${name}, ${groups} groups: output and gradients are those of tfjs`, () => {
        check(shape, backend, 'relu');
      });

      if (groups > 1) continue;
      it(`${name}: a float32 result of images stored as the precision says is not rounded`, () => {
        checkFloat32(shape);
      });
    }

    for (const [filter, inChannels, outChannels] of [
      [1, 24, 40],
      [3, 16, 48],
    ] as const) {
      it(`${filter}×${filter}: a batch in several pieces is computed as its images alone`, () => {
        const [images, size] = [20, 48];
        tf.tidy(() => {
          const draws = (shape: number[]) => stored(values(tf.util.sizeFromShape(shape)), shape);
          const x = draws([images, size, size, inChannels]);
          const dy = draws([images, size, size, outChannels]);
          const shape = [filter, filter, inChannels, outChannels];
          const kernel = tf.tensor(values(tf.util.sizeFromShape(shape)), shape);
          const bias = tf.tensor(values(outChannels), [outChannels]);
          const attributes = {
            strides: [1, 1],
            pad: 'same',
            dataFormat: 'NHWC',
            dilations: [1, 1],
          };
          const whole = passes({ x, filter: kernel, bias, dy }, attributes, 'relu');
          const xs = tf.split(x, images);
          const dys = tf.split(dy, images);
          const alone = xs.map((image, index) =>
            passes(
              { x: image, filter: kernel, bias, dy: dys[index] as tf.Tensor },
              attributes,
              'relu',
            ),
          );
          const joined = (name: 'y' | 'dx') =>
            tf.concat(alone.map((each) => each[name])).dataSync();
          assertClose(whole.y.dataSync(), joined('y'), backend.tolerance, 'y');
          assertClose(whole.dx.dataSync(), joined('dx'), backend.tolerance, 'dx');
          const sum = tf.addN(alone.map((each) => each.dFilter)).dataSync();
          assertClose(whole.dFilter.dataSync(), sum, backend.tolerance, 'dFilter');
        });
      });
    }

    it('renews its packed filter when the variable is assigned', () => {
      tf.tidy(() => {
        const x = tf.ones([1, 4, 4, 16]);
        const filter = tf.variable(tf.ones([3, 3, 16, 16]));
        const attributes = { strides: [1, 1], pad: 'valid', dataFormat: 'NHWC', dilations: [1, 1] };
        const first = run('Conv2D', { x, filter }, attributes).dataSync()[0];
        filter.assign(tf.fill([3, 3, 16, 16], 2));
        const second = run('Conv2D', { x, filter }, attributes).dataSync()[0];
        assertClose([first ?? 0, second ?? 0], [144, 288], 1e-6, 'sums of ones');
        filter.dispose();
      });
    });
  });
});
