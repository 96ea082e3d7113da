/** The stages of a paper's table, with what the network itself has in each. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type LayerCost, layerCosts } from '../../archs/index.js';
import type { PaperRow } from '../../archs/papers/index.js';
import { type GraphNode, readGraph } from '../../network/graph.js';
import { boxesOf } from './boxes.js';
import { operationsText } from './operations.js';
import { receptiveFields } from './receptive-field.js';
import { type Repeated, repeatedUnits, unitsOf } from './units.js';

/** Of a network in order; what a paper's table does not have in it is left out. */
export interface Stage {
  /** Its name in the paper. */
  readonly name: string;
  readonly layers: readonly string[];
  readonly operations: string;
  /** Without the batch. */
  readonly outputShape: readonly number[];
  /** Side of the square of the input that a value of its output depends on, in pixels. */
  readonly receptiveField: number;
  /** Pixels of the input between two values of its output; null where there is one alone. */
  readonly stride: number | null;
  readonly parameters: number;
  readonly macs: number;
  /** What the paper prints of it. */
  readonly printed: string | null;
}

/** A stage with what is drawn of it. */
export interface DrawnStage {
  readonly stage: Stage;
  readonly units: readonly Repeated[];
}

/** Throws where a layer is in no row, or in several. */
export function stagesOf(model: LayersModel, rows: readonly PaperRow[]): DrawnStage[] {
  const graph = readGraph(model);
  const rowOf = (layer: string) => placeOf(layer, rows);
  const fields = receptiveFields(graph);
  const boxes = boxesOf(graph, rowOf);
  const costs = new Map(layerCosts(model).map((cost) => [cost.name, cost]));
  const groups = new Map<number, GraphNode[]>();
  for (const node of graph.nodes) {
    const place = rowOf(node.layer.name);
    groups.set(place, [...(groups.get(place) ?? []), node]);
  }
  return [...groups].map(([place, nodes]) => {
    const { name, printed = null } = rows[place] as PaperRow;
    const layers = nodes.map(({ layer }) => layer.name);
    const ends = nodes.at(-1);
    const field = fields.get(ends?.output ?? -1) ?? { side: 1, stride: 1 };
    const outputShape = (ends?.outputShape ?? []).slice(1).map((side) => side ?? 0);
    const units = unitsOf(boxes.filter((box) => layers.includes(box.name)));
    const isMap = outputShape.length === 3 && (outputShape[0] ?? 1) > 1;
    const stage: Stage = {
      ...{ name, layers, operations: operationsText(units), outputShape },
      receptiveField: Math.round(field.side),
      stride: isMap ? Number(field.stride.toFixed(2)) : null,
      ...sumOf(layers.map((layer) => costs.get(layer) as LayerCost)),
      printed,
    };
    return { stage, units: repeatedUnits(units) };
  });
}

/** The row of a layer. */
function placeOf(layer: string, rows: readonly PaperRow[]): number {
  const found = [...rows.keys()].filter((place) => rows[place]?.layers.test(layer));
  const [place] = found;
  if (place !== undefined && found.length === 1) return place;
  const names = found.map((row) => rows[row]?.name).join(' and ') || 'none';
  throw new Error(`Expected layer "${layer}" in one row of its paper's table but found ${names}`);
}

function sumOf(costs: readonly LayerCost[]): Pick<Stage, 'parameters' | 'macs'> {
  return costs.reduce(
    (sum, { parameters, macs }) => ({
      parameters: sum.parameters + parameters,
      macs: sum.macs + macs,
    }),
    { parameters: 0, macs: 0 },
  );
}
