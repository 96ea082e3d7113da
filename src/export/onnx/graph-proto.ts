/** The nodes of an ONNX graph, and the tensors that its file holds. */
import { create } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type NodeProto,
  NodeProtoSchema,
} from './onnx_pb.js';

/** An integer, several of them, or, as `{ f }`, a number of 32 bits. */
type Attribute = number | readonly number[] | { readonly f: number };
export type Attributes = Readonly<Record<string, Attribute>>;

/** A tensor whose numbers are made when they are written. */
export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: DataType.FLOAT | DataType.INT64;
  read(): Float32Array | BigInt64Array;
}

/** Collects nodes; each method returns the name by which other nodes read the result. */
export class GraphBuilder {
  readonly nodes: NodeProto[] = [];
  readonly initializers: Initializer[] = [];

  add(opType: string, output: string, input: readonly string[], attributes: Attributes = {}) {
    const attribute = Object.entries(attributes).map(([name, value]) => attributeOf(name, value));
    const names = { name: output, output: [output], input: [...input] };
    this.nodes.push(create(NodeProtoSchema, { ...names, opType, attribute }));
    return output;
  }

  scalar(name: string, value: number): string {
    return this.floats(name, [], () => Float32Array.of(value));
  }

  floats(name: string, shape: readonly number[], read: () => Float32Array): string {
    this.initializers.push({ name, shape, type: DataType.FLOAT, read });
    return name;
  }

  integers(name: string, values: readonly number[]): string {
    const read = () => BigInt64Array.from(values, BigInt);
    this.initializers.push({ name, shape: [values.length], type: DataType.INT64, read });
    return name;
  }
}

function attributeOf(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number') {
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  }
  if ('f' in value) {
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.f });
  }
  const ints = value.map(BigInt);
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints });
}
