/** model.json and the weights of a tfjs GraphModel, which needs no class beyond those of tfjs. */

import { packageVersion } from '../../package-root.js';
import { elements } from '../../weights/stored-tensor.js';
import type { Description } from '../description.js';
import type { InferenceGraph } from '../graph/operations.js';
import { FLOAT, GraphDef, INT, type NamedConstant, shapeOf } from './graph-def.js';
import { writeOperation } from './operations.js';

/** Browsers keep files of up to this size in their cache. */
const SHARD_BYTES = 4 * 2 ** 20;

/** The files one by one, model.json last. */
export function* graphModelFiles(
  graph: InferenceGraph,
  description: Description,
): Generator<[name: string, content: Uint8Array]> {
  const { nodes, constants } = graphDef(graph);
  const sizes = constants.map(({ shape }) => 4 * elements(shape));
  const count = Math.ceil(sizes.reduce((total, size) => total + size, 0) / SHARD_BYTES);
  const paths = Array.from({ length: count }, (_, at) => `group1-shard${at + 1}of${count}.bin`);
  let place = 0;
  for (const shard of shardsOf(constants)) yield [paths[place++] as string, shard];
  const weights = constants.map(({ name, shape, dtype }) => ({ name, shape, dtype }));
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

/** The bytes of all constants, cut into shards. */
function* shardsOf(constants: readonly NamedConstant[]): Generator<Uint8Array> {
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
