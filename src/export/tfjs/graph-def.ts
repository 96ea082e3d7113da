/** The nodes of a TensorFlow graph in JSON, as tf.loadGraphModel reads them, and their constants. */
import type { Constant } from '../graph/operations.js';

type Attribute =
  | { readonly type: string }
  | { readonly i: string }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly s: string }
  | { readonly list: { readonly i?: readonly string[]; readonly s?: readonly string[] } };

interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, unknown>>;
}

export type Attributes = Readonly<Record<string, Attribute>>;

/** A constant as the manifest of the weights lists it. */
export interface NamedConstant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  read(): Float32Array | Int32Array;
}

export const FLOAT: Attribute = { type: 'DT_FLOAT' };
export const INT: Attribute = { type: 'DT_INT32' };
export const integer = (value: number): Attribute => ({ i: String(value) });
export const integers = (values: readonly number[]): Attribute => ({
  list: { i: values.map(String) },
});
export const text = (value: string): Attribute => ({ s: base64(value) });
export const texts = (values: readonly string[]): Attribute => ({
  list: { s: values.map(base64) },
});

/** A shape with a batch of any length before it. */
export function shapeOf(lengths: readonly number[]) {
  return { dim: [-1, ...lengths].map((size) => ({ size: String(size) })) };
}

/** Collects nodes; each method returns the name by which other nodes read the result. */
export class GraphDef {
  readonly nodes: NodeDef[] = [];
  readonly constants: NamedConstant[] = [];

  add(op: string, name: string, input: readonly string[], attr: Attributes = {}): string {
    this.nodes.push({ name, op, input, attr: { T: FLOAT, ...attr } });
    return name;
  }

  placeholder(name: string, type: Attribute, lengths: readonly number[]): void {
    const attr = { dtype: type, shape: { shape: shapeOf(lengths) } };
    this.nodes.push({ name, op: 'Placeholder', input: [], attr });
  }

  scalar(name: string, value: number): string {
    return this.floats(name, { shape: [], read: () => Float32Array.of(value) });
  }

  floats(name: string, { shape, read }: Constant): string {
    return this.#constant({ name, shape, dtype: 'float32', read });
  }

  integers(name: string, values: readonly number[], shape = [values.length]): string {
    return this.#constant({ name, shape, dtype: 'int32', read: () => Int32Array.from(values) });
  }

  #constant(constant: NamedConstant): string {
    const { name, dtype, shape } = constant;
    const type = dtype === 'float32' ? 'DT_FLOAT' : 'DT_INT32';
    const dim = shape.map((size) => ({ size: String(size) }));
    const value = { tensor: { dtype: type, tensorShape: { dim } } };
    this.nodes.push({ name, op: 'Const', input: [], attr: { dtype: { type }, value } });
    this.constants.push(constant);
    return name;
  }
}

function base64(value: string): string {
  return Buffer.from(value).toString('base64');
}
