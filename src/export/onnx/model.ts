/** An ONNX file. Its tensors are made and written one by one, so that few are in memory at once. */
import { create, type DescField, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { packageVersion } from '../../package-root.js';
import { elements } from '../../weights/stored-tensor.js';
import type { Description } from '../description.js';
import type { InferenceGraph } from '../graph/operations.js';
import { GraphBuilder, type Initializer } from './graph-proto.js';
import {
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProtoSchema,
  type ValueInfoProtoSchema,
} from './onnx_pb.js';
import { writeOperation } from './operations.js';

/** The version of the operations, and that of the file's form, which came with it. */
const OPSET = 17n;
const IR_VERSION = 8n;

/** The length of the batch, which may be any. */
const BATCH = 'N';

/** The file in parts. */
export function* onnxParts(graph: InferenceGraph, description: Description): Generator<Uint8Array> {
  const { nodes, initializers } = builtGraph(graph);
  const body = toBinary(
    GraphProtoSchema,
    create(GraphProtoSchema, {
      name: description.architecture,
      node: nodes,
      input: [inputOf(graph)],
      output: [outputOf(graph)],
    }),
  );
  const heads = initializers.map(headOf);
  const length = heads.reduce((sum, head, at) => {
    return sum + head.length + bytesOf(initializers[at] as Initializer);
  }, body.length);
  yield toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: 'cnn',
      producerVersion: packageVersion(),
      opsetImport: [{ domain: '', version: OPSET }],
      metadataProps: metadataOf(description),
    }),
  );
  yield beginning(ModelProtoSchema.field.graph, length);
  yield body;
  for (const [at, { read }] of initializers.entries()) {
    yield heads[at] as Uint8Array;
    const { buffer, byteOffset, byteLength } = read();
    yield new Uint8Array(buffer, byteOffset, byteLength);
  }
}

function builtGraph({ input, nodes }: InferenceGraph): GraphBuilder {
  const graph = new GraphBuilder();
  const shapes = new Map([[input.name, input.shape]]);
  for (const node of nodes) {
    writeOperation(graph, node, shapes.get(node.inputs[0] as string) ?? []);
    shapes.set(node.name, node.shape);
  }
  return graph;
}

/** What stands in a graph before the numbers of a tensor, which are the last of its fields. */
function headOf(initializer: Initializer): Uint8Array {
  const { name, shape, type } = initializer;
  const fields = create(TensorProtoSchema, { name, dims: shape.map(BigInt), dataType: type });
  const size = bytesOf(initializer);
  const tensor = Buffer.concat([
    toBinary(TensorProtoSchema, fields),
    beginning(TensorProtoSchema.field.rawData, size),
  ]);
  const entry = beginning(GraphProtoSchema.field.initializer, tensor.length + size);
  return Buffer.concat([entry, tensor]);
}

/** What stands before the content of a field of so many bytes. */
function beginning({ number }: DescField, length: number): Uint8Array {
  return new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(length).finish();
}

function bytesOf({ shape, type }: Initializer): number {
  return elements(shape) * (type === DataType.FLOAT ? 4 : 8);
}

type ValueInfo = MessageInitShape<typeof ValueInfoProtoSchema>;

function inputOf({ input: { name, shape, pixels } }: InferenceGraph): ValueInfo {
  const [height = 0, width = 0, channels = 0] = shape;
  if (pixels) return valueInfo(name, DataType.UINT8, [height, width, channels]);
  return valueInfo(name, DataType.FLOAT, [channels, height, width]);
}

function outputOf({ output, nodes }: InferenceGraph): ValueInfo {
  const shape = nodes.find(({ name }) => name === output.name)?.shape ?? [];
  return valueInfo(output.name, DataType.FLOAT, shape);
}

function valueInfo(name: string, elemType: DataType, shape: readonly number[]): ValueInfo {
  const lengths = shape.map((length) => {
    return { value: { case: 'dimValue', value: BigInt(length) } } as const;
  });
  const batch = { value: { case: 'dimParam', value: BATCH } } as const;
  const value = { elemType, shape: { dim: [batch, ...lengths] } };
  return { name, type: { value: { case: 'tensorType', value } } };
}

/** Texts as they are, all else as JSON. */
function metadataOf(description: Description) {
  return Object.entries(description).map(([key, value]) => {
    return { key, value: typeof value === 'string' ? value : JSON.stringify(value) };
  });
}
