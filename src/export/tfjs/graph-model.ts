/** model.json and the weights of a tfjs GraphModel, which needs no class beyond those of tfjs. */

import { UsageError } from '../../errors.js';
import { packageVersion } from '../../package-root.js';
import { float32ToHalf } from '../../weights/number-types.js';
import { elements } from '../../weights/stored-tensor.js';
import type { Description } from '../description.js';
import type { InferenceGraph } from '../graph/operations.js';
import { FLOAT, GraphDef, INT, type NamedConstant, shapeOf } from './graph-def.js';
import { writeOperation } from './operations.js';

/** Browsers keep files of up to this size in their cache. */
const SHARD_BYTES = 4 * 2 ** 20;

/** What float16 does not hold. */
const ABOVE_HALF = 65_520;

interface Storage {
  /** Kernels are stored as float16, which is half as large; the library makes float32 of them. */
  readonly float16?: boolean;
}

/** A constant as it is stored. */
interface Stored {
  readonly entry: object;
  readonly bytes: number;
  read(): Float32Array | Int32Array | Uint16Array;
}

/** The files one by one, model.json last. */
export function* graphModelFiles(
  graph: InferenceGraph,
  description: Description,
  { float16 = false }: Storage = {},
): Generator<[name: string, content: Uint8Array]> {
  const { nodes, constants } = graphDef(graph);
  const stored = constants.map((constant) => {
    return float16 && isKernel(constant) ? storedAsHalf(constant) : storedAsItIs(constant);
  });
  const count = Math.ceil(stored.reduce((total, { bytes }) => total + bytes, 0) / SHARD_BYTES);
  const paths = Array.from({ length: count }, (_, at) => `group1-shard${at + 1}of${count}.bin`);
  let place = 0;
  for (const shard of shardsOf(stored)) yield [paths[place++] as string, shard];
  const weights = stored.map(({ entry }) => entry);
  const json = {
    format: 'graph-model',
    generatedBy: `cnn ${packageVersion()}`,
    convertedBy: null,
    signature: signatureOf(graph),
    userDefinedMetadata: description,
    modelTopology: { node: nodes, library: {}, versions: { producer: 1395, minConsumer: 12 } },
    weightsManifest: [{ paths, weights }],
  };
  yield ['model.json', Buffer.from(`${JSON.stringify(json)}\n`)];
}

/** Biases and statistics are few, and a rounded one moves every pixel. */
function isKernel({ dtype, shape }: NamedConstant): boolean {
  return dtype === 'float32' && shape.length > 1;
}

function storedAsItIs({ name, shape, dtype, read }: NamedConstant): Stored {
  return { entry: { name, shape, dtype }, bytes: 4 * elements(shape), read };
}

function storedAsHalf({ name, shape, dtype, read }: NamedConstant): Stored {
  const quantization = { dtype: 'float16', original_dtype: dtype };
  return {
    entry: { name, shape, dtype, quantization },
    bytes: 2 * elements(shape),
    read() {
      const values = read() as Float32Array;
      const large = values.find((value) => Math.abs(value) >= ABOVE_HALF);
      if (large === undefined) return float32ToHalf(values);
      throw new UsageError(
        `--float16 holds numbers below ${ABOVE_HALF.toLocaleString('en')}, but "${name}" has ${large}: leave it out`,
      );
    },
  };
}

/** The bytes of all constants, cut into shards. */
function* shardsOf(constants: readonly Stored[]): Generator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let room = SHARD_BYTES;
  for (const constant of constants) {
    const { buffer, byteOffset, byteLength } = constant.read();
    let begin = 0;
    while (begin < byteLength) {
      const length = Math.min(room, byteLength - begin);
      parts.push(new Uint8Array(buffer, byteOffset + begin, length));
      begin += length;
      room -= length;
      if (room > 0) continue;
      yield Buffer.concat(parts);
      [parts, room] = [[], SHARD_BYTES];
    }
  }
  if (parts.length > 0) yield Buffer.concat(parts);
}

function graphDef({ input, nodes }: InferenceGraph): GraphDef {
  const graph = new GraphDef();
  graph.placeholder(input.name, input.pixels ? INT : FLOAT, input.shape);
  const shapes = new Map([[input.name, input.shape]]);
  for (const node of nodes) {
    writeOperation(graph, node, shapes.get(node.inputs[0] as string) ?? []);
    shapes.set(node.name, node.shape);
  }
  return graph;
}

function signatureOf({ input, output, nodes }: InferenceGraph) {
  const classes = nodes.find(({ name }) => name === output.name)?.shape ?? [];
  const tensor = (name: string, dtype: string, lengths: readonly number[]) => {
    return { name: `${name}:0`, dtype, tensorShape: shapeOf(lengths) };
  };
  const type = input.pixels ? 'DT_INT32' : 'DT_FLOAT';
  return {
    inputs: { [input.name]: tensor(input.name, type, input.shape) },
    outputs: { [output.values]: tensor(output.name, 'DT_FLOAT', classes) },
  };
}
