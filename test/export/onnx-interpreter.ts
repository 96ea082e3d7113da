/** Runs the operations of our ONNX files as ONNX defines them, by tfjs: enough for a test. */
import { fromBinary } from '@bufbuild/protobuf';
import * as tf from '@tensorflow/tfjs-core';
import {
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
} from '../../src/export/onnx/onnx_pb.js';

export type OnnxModel = ReturnType<typeof readOnnx>;

export function readOnnx(parts: Iterable<Uint8Array>) {
  return fromBinary(ModelProtoSchema, Buffer.concat([...parts]));
}

/** The output of a model for its input. */
export function runOnnx({ graph }: OnnxModel, input: tf.Tensor): Float32Array {
  return tf.tidy(() => {
    const values = new Map([[graph?.input[0]?.name ?? '', input]]);
    for (const tensor of graph?.initializer ?? []) values.set(tensor.name, constant(tensor));
    for (const node of graph?.node ?? []) {
      const inputs = node.input.map((name) => values.get(name) as tf.Tensor);
      const operation = OPERATIONS[node.opType];
      if (operation === undefined) throw new Error(`No operation ${node.opType}`);
      values.set(node.output[0] ?? '', operation(inputs, attributesOf(node)));
    }
    const output = values.get(graph?.output[0]?.name ?? '') as tf.Tensor;
    return output.dataSync() as Float32Array;
  });
}

type Attributes = ReturnType<typeof attributesOf>;
type Operation = (inputs: tf.Tensor[], attributes: Attributes) => tf.Tensor;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  Add: ([a, b]) => tf.add(a as tf.Tensor, b as tf.Tensor),
  AveragePool: ([x], attributes) => pool(x as tf.Tensor, 'avg', attributes),
  BatchNormalization: ([x, gamma, beta, mean, variance], { number }) => {
    const [scale, offset, centre, spread] = [gamma, beta, mean, variance].map(perChannel);
    const deviation = tf.sqrt(tf.add(spread as tf.Tensor, number('epsilon')));
    const normal = tf.div(tf.sub(x as tf.Tensor, centre as tf.Tensor), deviation);
    return tf.add(tf.mul(normal, scale as tf.Tensor), offset as tf.Tensor);
  },
  Cast: ([x]) => tf.cast(x as tf.Tensor, 'float32'),
  Concat: (inputs, { number }) => tf.concat(inputs, number('axis')),
  Conv: ([x, kernel, bias], attributes) => {
    const groups = attributes.number('group');
    const filters = tf.split(tf.transpose(kernel as tf.Tensor4D, [2, 3, 1, 0]), groups, 3);
    const images = tf.split(padded(x as tf.Tensor, attributes), groups, 3);
    const strides = attributes.numbers('strides') as [number, number];
    const parts = images.map((image, group) =>
      tf.conv2d(image as tf.Tensor4D, filters[group] as tf.Tensor4D, strides, 'valid'),
    );
    const y = channelsFirst(tf.concat(parts, 3));
    return bias === undefined ? y : tf.add(y, perChannel(bias));
  },
  Flatten: ([x]) => tf.reshape(x as tf.Tensor, [x?.shape[0] as number, -1]),
  Gemm: ([x, kernel, bias]) => {
    const product = tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D, false, true);
    return bias === undefined ? product : tf.add(product, bias);
  },
  GlobalAveragePool: ([x]) => tf.mean(x as tf.Tensor, [2, 3], true),
  LRN: ([x], { number }) => {
    const size = number('size');
    const constants = [number('bias'), number('alpha') / size, number('beta')] as const;
    const images = channelsLast(x as tf.Tensor);
    return channelsFirst(tf.localResponseNormalization(images, (size - 1) / 2, ...constants));
  },
  MatMul: ([a, b]) => tf.matMul(a as tf.Tensor, b as tf.Tensor),
  MaxPool: ([x], attributes) => pool(x as tf.Tensor, 'max', attributes),
  Mul: ([a, b]) => tf.mul(a as tf.Tensor, b as tf.Tensor),
  Pad: ([x, pads]) => {
    const sides = [...(pads as tf.Tensor).dataSync()];
    const { rank } = x as tf.Tensor;
    const pairs = sides.slice(0, rank).map((side, axis) => [side, sides[rank + axis] ?? 0]);
    return tf.pad(x as tf.Tensor, pairs as [number, number][]);
  },
  Relu: ([x]) => tf.relu(x as tf.Tensor),
  // A length of 0 is that of the input.
  Reshape: ([x, shape]) => {
    const lengths = [...(shape as tf.Tensor).dataSync()];
    return tf.reshape(
      x as tf.Tensor,
      lengths.map((length, axis) => length || (x?.shape[axis] as number)),
    );
  },
  Softmax: ([x]) => tf.softmax(x as tf.Tensor),
  Tanh: ([x]) => tf.tanh(x as tf.Tensor),
  Transpose: ([x], { numbers }) => tf.transpose(x as tf.Tensor, numbers('perm')),
};

function attributesOf({ attribute }: NodeProto) {
  const find = (name: string) => {
    const found = attribute.find((one) => one.name === name);
    if (found === undefined) throw new Error(`No attribute ${name}`);
    return found;
  };
  return {
    number(name: string): number {
      const { f, i, type } = find(name);
      return type === 1 ? f : Number(i);
    },
    numbers: (name: string) => find(name).ints.map(Number),
  };
}

function constant({ dims, dataType, rawData }: TensorProto): tf.Tensor {
  const { buffer } = Uint8Array.from(rawData);
  const values =
    dataType === DataType.FLOAT
      ? new Float32Array(buffer)
      : Int32Array.from(new BigInt64Array(buffer), Number);
  return tf.tensor(values, dims.map(Number), dataType === DataType.FLOAT ? 'float32' : 'int32');
}

/** Padding does not count: TensorFlow's explicit one leaves it out, as -∞ or of the mean. */
function pool(x: tf.Tensor, type: 'max' | 'avg', attributes: Attributes): tf.Tensor {
  const [top = 0, left = 0, bottom = 0, right = 0] = attributes.numbers('pads');
  const window = attributes.numbers('kernel_shape') as [number, number];
  const strides = attributes.numbers('strides') as [number, number];
  const sides = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  const pad = sides as tf.backend_util.ExplicitPadding;
  const images = channelsLast(x);
  const pooled =
    type === 'max'
      ? tf.maxPool(images, window, strides, pad)
      : tf.avgPool(images, window, strides, pad);
  return channelsFirst(pooled);
}

/** (N, H, W, C) with the zeros of `pads` around. */
function padded(x: tf.Tensor, { numbers }: Attributes): tf.Tensor4D {
  const [top = 0, left = 0, bottom = 0, right = 0] = numbers('pads');
  return tf.pad(channelsLast(x), [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
}

function perChannel(values: tf.Tensor | undefined): tf.Tensor {
  return tf.reshape(values as tf.Tensor, [1, -1, 1, 1]);
}

function channelsLast(x: tf.Tensor): tf.Tensor4D {
  return tf.transpose(x as tf.Tensor4D, [0, 2, 3, 1]);
}

export function channelsFirst(x: tf.Tensor): tf.Tensor4D {
  return tf.transpose(x as tf.Tensor4D, [0, 3, 1, 2]);
}
