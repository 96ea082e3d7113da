/**
 * Gradients of filters against sums in float64, on shapes that fill no tile, vector or cache line.
 */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../../src/backend/native-backend.js';
import { random } from '../../src/rng.js';
import type { TestBackend } from '../network/backends.js';
import { bf16Of, device, onNative, runKernel, stored } from './compare.js';

type Pair = readonly [number, number];
type Padding = readonly [top: number, bottom: number, left: number, right: number];

interface Shape {
  batch: number;
  size: Pair;
  inChannels: number;
  outChannels: number;
  filter: Pair;
  stride: Pair;
  dilation: Pair;
  pad: Padding;
  groups: number;
}

interface Problem extends Shape {
  out: Pair;
  x: Float32Array;
  dy: Float32Array;
}

const CHANNELS = [1, 3, 5, 16, 17, 31, 32, 33, 48, 64, 100];
const FILTERS = [1, 1, 2, 3, 3, 3, 5, 7, 11];
const PRODUCTS = 2e6;
const DRAWN = 60;

const draw = random(7, 'subset');
const oneOf = <T>(list: readonly T[]): T => list[draw.below(list.length)] as T;

/** The size of the output along one axis; 0 or less where the filter does not fit. */
function outputSize(shape: Shape, axis: 0 | 1): number {
  const [before, after] = axis === 0 ? shape.pad.slice(0, 2) : shape.pad.slice(2);
  const reach = (shape.filter[axis] - 1) * shape.dilation[axis] + 1;
  const room = shape.size[axis] + (before as number) + (after as number) - reach;
  return Math.floor(room / shape.stride[axis]) + 1;
}

function productsOf(shape: Shape): number {
  const { batch, filter, inChannels, outChannels, groups } = shape;
  const pixels = batch * outputSize(shape, 0) * outputSize(shape, 1);
  return (pixels * filter[0] * filter[1] * inChannels * outChannels) / groups;
}

function drawShape(): Shape {
  for (;;) {
    const filter = oneOf(FILTERS);
    const groups = oneOf([1, 1, 1, 1, 2]);
    const channels = () => oneOf(CHANNELS) * groups;
    const stride = oneOf([1, 1, 2, 4]);
    const padding = () => draw.below(filter);
    const square = draw.below(4) > 0;
    const shape: Shape = {
      batch: 1 + draw.below(5),
      size: [1 + draw.below(29), 1 + draw.below(29)],
      inChannels: channels(),
      outChannels: channels(),
      filter: [filter, square ? filter : oneOf(FILTERS)],
      stride: [stride, square ? stride : oneOf([1, 2, 3])],
      dilation: oneOf<Pair>([
        [1, 1],
        [1, 1],
        [1, 1],
        [2, 2],
        [1, 3],
      ]),
      pad: [padding(), padding(), padding(), padding()],
      groups,
    };
    const fits = outputSize(shape, 0) > 0 && outputSize(shape, 1) > 0;
    if (fits && productsOf(shape) <= PRODUCTS) return shape;
  }
}

const plain = { dilation: [1, 1], groups: 1 } as const;
const padOf = (pad: number): Padding => [pad, pad, pad, pad];

// Our networks' layers in small, and enough pixels that threads and cache-sized pieces share them.
// biome-ignore format: columns
const NETWORKS: readonly Shape[] = [
  { ...plain, batch: 3, size: [31, 31], inChannels: 3,  outChannels: 64,  filter: [7, 7],   stride: [2, 2], pad: padOf(3) },
  { ...plain, batch: 2, size: [39, 39], inChannels: 3,  outChannels: 48,  filter: [11, 11], stride: [4, 4], pad: padOf(2) },
  { ...plain, batch: 2, size: [40, 40], inChannels: 3,  outChannels: 32,  filter: [3, 3],   stride: [1, 1], pad: padOf(1) },
  { ...plain, batch: 9, size: [28, 28], inChannels: 1,  outChannels: 6,   filter: [5, 5],   stride: [1, 1], pad: padOf(2) },
  { ...plain, batch: 5, size: [29, 29], inChannels: 16, outChannels: 33,  filter: [3, 3],   stride: [1, 1], pad: padOf(1) },
  { ...plain, batch: 5, size: [29, 29], inChannels: 33, outChannels: 16,  filter: [3, 3],   stride: [2, 2], pad: padOf(1) },
  { ...plain, batch: 5, size: [29, 29], inChannels: 96, outChannels: 20,  filter: [1, 1],   stride: [1, 1], pad: padOf(0) },
  { ...plain, batch: 5, size: [29, 29], inChannels: 32, outChannels: 64,  filter: [1, 1],   stride: [1, 1], pad: padOf(0) },
  { ...plain, batch: 4, size: [28, 28], inChannels: 64, outChannels: 128, filter: [1, 1],   stride: [2, 2], pad: padOf(0) },
  { ...plain, batch: 4, size: [28, 28], inChannels: 96, outChannels: 32,  filter: [1, 1],   stride: [2, 2], pad: padOf(0) },
  { ...plain, batch: 1, size: [9, 9],   inChannels: 64, outChannels: 192, filter: [3, 3],   stride: [1, 1], pad: padOf(1) },
  { ...plain, batch: 2, size: [14, 14], inChannels: 32, outChannels: 64,  filter: [5, 5],   stride: [1, 1], pad: padOf(2), groups: 2 },
];

function problemOf(shape: Shape): Problem {
  const out = [outputSize(shape, 0), outputSize(shape, 1)] as const;
  const values = (count: number) =>
    Float32Array.from({ length: count }, () => bf16Of(2 * draw.uniform() - 1));
  const x = values(shape.batch * shape.size[0] * shape.size[1] * shape.inChannels);
  return { ...shape, out, x, dy: values(shape.batch * out[0] * out[1] * shape.outChannels) };
}

/** Adds the products of one tap and one output pixel to the tap's (inC / groups, outC) sums. */
function addProducts(
  { x, dy, inChannels, outChannels, groups }: Problem,
  xAt: number,
  dyAt: number,
  sums: Float64Array,
  sizes: Float64Array,
): void {
  const outs = outChannels / groups;
  const ins = inChannels / groups;
  for (let o = 0; o < outChannels; o++) {
    const from = xAt + Math.floor(o / outs) * ins;
    const gradient = dy[dyAt + o] as number;
    for (let i = 0; i < ins; i++) {
      const product = (x[from + i] as number) * gradient;
      sums[i * outChannels + o] = (sums[i * outChannels + o] as number) + product;
      sizes[i * outChannels + o] = (sizes[i * outChannels + o] as number) + Math.abs(product);
    }
  }
}

/** The gradient in float64, and the sums of the products' sizes, which bound its rounding error. */
function reference(problem: Problem): { sums: Float64Array; sizes: Float64Array } {
  const { batch, size, inChannels, outChannels, filter, stride, dilation, pad, out } = problem;
  const tapSize = (inChannels / problem.groups) * outChannels;
  const sums = new Float64Array(filter[0] * filter[1] * tapSize);
  const sizes = new Float64Array(sums.length);
  for (let tap = 0; tap < filter[0] * filter[1]; tap++) {
    const tapSums = sums.subarray(tap * tapSize, (tap + 1) * tapSize);
    const tapSizes = sizes.subarray(tap * tapSize, (tap + 1) * tapSize);
    const ky = Math.floor(tap / filter[1]);
    for (let pixel = 0; pixel < batch * out[0] * out[1]; pixel++) {
      const line = Math.floor(pixel / out[1]);
      const y = (line % out[0]) * stride[0] + ky * dilation[0] - pad[0];
      const x = (pixel % out[1]) * stride[1] + (tap % filter[1]) * dilation[1] - pad[2];
      if (y < 0 || y >= size[0] || x < 0 || x >= size[1]) continue;
      const image = Math.floor(line / out[0]);
      const xAt = ((image * size[0] + y) * size[1] + x) * inChannels;
      addProducts(problem, xAt, pixel * outChannels, tapSums, tapSizes);
    }
  }
  return { sums, sizes };
}

function compute(problem: Problem): Float32Array {
  const { batch, size, inChannels, outChannels, filter, stride, dilation, pad, out } = problem;
  const [top, bottom, left, right] = pad;
  const attributes = {
    strides: [...stride],
    dilations: [...dilation],
    pad: [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    dataFormat: 'NHWC',
    filterShape: [filter[0], filter[1], inChannels / problem.groups, outChannels],
  };
  return tf.tidy(() => {
    const x = stored(problem.x, [batch, ...size, inChannels]);
    const dy = stored(problem.dy, [batch, ...out, outChannels]);
    const before = [...device().fallbacks.values()].length;
    const gradient = runKernel('Conv2DBackpropFilter', { x, dy }, attributes);
    assert.equal([...device().fallbacks.values()].length, before, 'no fallback');
    return gradient.dataSync() as Float32Array;
  });
}

const hasAvx512 = ({ queue }: NativeBackend) => /^(avx512|amx)/.test(queue.description);

function check(shape: Shape, { name, precision }: TestBackend): void {
  // cuDNN's gradients of bfloat16 are bfloat16.
  const rounding = name === 'cuda' && precision === 'bf16' ? 2 ** -8 : 0;
  const problem = problemOf(shape);
  const found = compute(problem);
  const { sums, sizes } = reference(problem);
  assert.equal(found.length, sums.length);
  for (let index = 0; index < sums.length; index++) {
    const error = Math.abs((found[index] as number) - (sums[index] as number));
    const allowed = 2e-6 * (sizes[index] as number) + rounding * Math.abs(sums[index] as number);
    if (!(error <= allowed)) {
      assert.fail(
        `${JSON.stringify(shape)}: value ${index} is ${found[index]}, expected ${sums[index]}`,
      );
    }
  }
  assert.deepEqual(compute(problem), found, 'the same bits again');
}

describe('native filter gradients', () => {
  onNative((backend) => {
    for (const shape of NETWORKS) {
      const { size, inChannels, outChannels, filter, stride } = shape;
      it(`${size.join('×')}×${inChannels} to ${outChannels}, ${filter.join('×')}/${stride[0]}`, () => {
        check(shape, backend);
      });
    }

    it('come from the emulation where it was asked for', function () {
      if (backend.name === 'cuda') this.skip();
      const emulated = process.env['CNN_AMX'] === 'emulated' && hasAvx512(device());
      assert.equal(device().queue.description.includes('emulated'), emulated);
    });

    it(`${DRAWN} random shapes`, () => {
      for (let i = 0; i < DRAWN; i++) check(drawShape(), backend);
    });
  });
});
