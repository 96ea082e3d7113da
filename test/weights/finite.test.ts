/** Weights that are NaN or infinite are named when they are read, whatever the file. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { findArchitecture } from '../../src/archs/index.js';
import { openBackend } from '../../src/backend/index.js';
import { DataError } from '../../src/errors.js';
import { loadWeightsFile, namedTensors, openWeightsFile } from '../../src/weights/index.js';
import { temporaryDirectory } from '../commands/program.js';
import { archive, dict, pickle, safetensors, tensor } from './files.js';

const LENET5 = findArchitecture('lenet5');
const build = () => LENET5.build({ classes: 3, size: 12, channels: 1, seed: 1 });

type Numbers = Float32Array | Float64Array | Uint16Array;

interface Stored {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Numbers;
}

function safetensorsOf(dtype: string, tensors: readonly Stored[]): Buffer {
  let end = 0;
  const fields = tensors.map(({ name, shape, values }) => {
    const begin = end;
    end += values.byteLength;
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  const data = Buffer.concat(tensors.map(({ values }) => new Uint8Array(values.buffer)));
  return safetensors(Object.fromEntries(fields), data);
}

function torchOf(tensors: readonly Stored[]): Buffer {
  const entries = tensors.map(({ name, shape, values }, index) => {
    const stride = shape.map((_, axis) => tf.util.sizeFromShape(shape.slice(axis + 1)));
    return [name, tensor({ key: String(index), count: values.length, size: shape, stride })];
  });
  const storages = tensors.map(({ values }, index) => [index, new Uint8Array(values.buffer)]);
  return archive(pickle(dict(Object.fromEntries(entries))), Object.fromEntries(storages));
}

/** Upper halves. */
const brain = (values: Float32Array) =>
  Uint16Array.from(new Uint32Array(values.buffer), (word) => word >>> 16);
/** Zeros, NaN and infinities alone. */
const half = (values: Float32Array) =>
  Uint16Array.from(values, (value) =>
    Number.isNaN(value) ? 0x7e01 : Number.isFinite(value) ? 0 : value > 0 ? 0x7c00 : 0xfc00,
  );

const FORMATS: Readonly<Record<string, (tensors: readonly Stored[]) => Buffer>> = {
  'float32 in safetensors': (tensors) => safetensorsOf('F32', tensors),
  'float64 beyond float32 in safetensors': (tensors) =>
    safetensorsOf(
      'F64',
      withValues(tensors, (values) => Float64Array.from(values, huge)),
    ),
  'bfloat16 in safetensors': (tensors) => safetensorsOf('BF16', withValues(tensors, brain)),
  'float16 in safetensors': (tensors) => safetensorsOf('F16', withValues(tensors, half)),
  'float32 in a .pth': torchOf,
};

const huge = (value: number) =>
  Math.abs(value) === Number.POSITIVE_INFINITY ? Math.sign(value) * 1e300 : value;

function withValues(tensors: readonly Stored[], change: (values: Float32Array) => Numbers) {
  return tensors.map(({ values, ...rest }) => ({
    ...rest,
    values: change(values as Float32Array),
  }));
}

describe('weights that are not finite', () => {
  const directory = temporaryDirectory();
  before(() => openBackend('js', { precision: 'f32' }));

  for (const [format, write] of Object.entries(FORMATS)) {
    it(`are named with their number: ${format}`, async () => {
      const model = build();
      const tensors = await Promise.all(
        namedTensors(model, LENET5).map(async ({ name, shape, read }) => {
          const values = Float32Array.from(await read());
          if (name === 'fc5/kernel') values.fill(Number.NaN, 4, 7);
          if (name === 'conv1/bias') values[2] = Number.NEGATIVE_INFINITY;
          return { name, shape, values };
        }),
      );
      const path = join(directory.path, 'weights');
      await writeFile(path, write(tensors));
      const file = await openWeightsFile(path);
      await assert.rejects(
        loadWeightsFile(model, LENET5, file, { otherClasses: false }),
        (error: Error) => {
          assert.ok(error instanceof DataError);
          assert.equal(
            error.message,
            `The weights ${path} cannot be used:\n2 tensors are not finite: ` +
              'conv1/bias (1 of 6 values, the first is -Infinity), ' +
              'fc5/kernel (3 of 252 values, the first is NaN)',
          );
          return true;
        },
      );
      await file.close();
    });
  }
});
