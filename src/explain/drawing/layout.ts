/** Places the boxes of a unit: dagre decides, from top to bottom. */
import * as dagre from '@dagrejs/dagre';
import type { Box } from '../network/boxes.js';
import { entersUnit, type Unit } from '../network/units.js';
import { isSum, SMALL, sizeOf, textWidth } from './measures.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A box by its centre. */
export interface Placed extends Point {
  readonly box: Box;
  readonly width: number;
  readonly height: number;
}

export interface Edge {
  readonly points: readonly Point[];
  readonly label?: string;
  /** Without weights of its own, past other boxes. */
  readonly isShortcut: boolean;
}

/** What enters comes in at (0, 0), what leaves goes out at (0, height). */
export interface Layout {
  readonly boxes: readonly Placed[];
  readonly edges: readonly Edge[];
  /** Whether it draws what enters up to its boxes. */
  readonly enters: boolean;
  readonly left: number;
  readonly right: number;
  readonly height: number;
}

const ENTRY = 'entry';
/** Between boxes beside each other, and between rows. */
const GAPS = { nodesep: 8, ranksep: 22, edgesep: 14 };

export function layoutOf(unit: Unit): Layout {
  return unit.boxes.every(({ links }) => links.length === 1) ? stacked(unit) : dagreLayout(unit);
}

/** Boxes without branches below each other. */
function stacked(unit: Unit): Layout {
  const boxes: Placed[] = [];
  const edges: Edge[] = [];
  let y = 0;
  for (const box of unit.boxes) {
    const size = sizeOf(box);
    if (y > 0) {
      const points = [
        { x: 0, y: y - GAPS.ranksep },
        { x: 0, y },
      ];
      edges.push({ points, isShortcut: false });
    }
    boxes.push({ box, ...size, x: 0, y: y + size.height / 2 });
    y += size.height + GAPS.ranksep;
  }
  return { boxes, edges, enters: false, ...sidesOf(boxes, edges), height: y - GAPS.ranksep };
}

function dagreLayout(unit: Unit): Layout {
  const graph = new dagre.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', ...GAPS });
  graph.setNode(ENTRY, { width: 2, height: 2 });
  const spine = spineOf(unit);
  for (const box of unit.boxes) graph.setNode(box.name, { ...sizeOf(box) });
  for (const box of unit.boxes) {
    box.links.forEach((link, place) => {
      const from = entersUnit(unit, link) ? ENTRY : (link.from as Box).name;
      const weight = spine.includes(box) && place === 0 ? 20 : 1;
      graph.setEdge(from, box.name, { weight }, String(place));
    });
  }
  dagre.layout(graph);
  return readLayout(unit, graph, spine);
}

/** The main path of a sum, or of maps that are added to others: it is drawn straight. */
function spineOf({ boxes }: Unit): readonly Box[] {
  const end = boxes.at(-1) as Box;
  const isSplit = end.words.text === 'concat' && end.links.length > 2;
  if (end.words.kind !== 'join' || isSplit) return [];
  const spine: Box[] = [];
  const [start] = end.links.filter(({ from }) => from !== undefined && boxes.includes(from));
  for (let box = start?.from; box && boxes.includes(box); box = box.links[0]?.from) {
    spine.unshift(box);
  }
  return spine;
}

function readLayout(unit: Unit, graph: dagre.Graph, spine: readonly Box[]): Layout {
  const places = new Map<string, Point>();
  for (const name of graph.nodes()) places.set(name, graph.node(name) as Point);
  const at = (name: string) => places.get(name) as Point;
  const end = unit.boxes.at(-1) as Box;
  const entering = unit.boxes.filter(({ links }) => links.some((link) => entersUnit(unit, link)));
  const [first] = entering as [Box, ...Box[]];
  const enters = entering.length > 1;
  // Paths part and meet on the line of the main one, or in the middle of all.
  const sides = [...places.values()].map(({ x }) => x);
  const middle = (Math.min(...sides) + Math.max(...sides)) / 2;
  const centre = spine[0] === undefined ? middle : at(spine[0].name).x;
  const top = enters ? at(ENTRY).y : at(first.name).y - sizeOf(first).height / 2;
  const joined = enters ? [end.name] : [end.name, first.name];
  for (const name of joined) places.set(name, { x: centre, y: at(name).y });
  const turn = isMirrored(end, at) ? -1 : 1;
  const moved = ({ x, y }: Point) => ({ x: turn * (x - centre), y: y - top });
  const boxes = unit.boxes.map((box): Placed => ({ box, ...sizeOf(box), ...moved(at(box.name)) }));
  const edges = (graph.edges() as dagre.Edge[])
    .filter(({ v }) => enters || v !== ENTRY)
    .map(({ v, w, name }): Edge => {
      const find = (wanted: string) => boxes.find(({ box }) => box.name === wanted);
      const [from, to] = [find(v), find(w) as Placed];
      const { points } = graph.edge(v, w, name) as { points: Point[] };
      const label = to.box.links[Number(name)]?.label;
      return {
        points: pathOf(from, to, points.slice(1, -1).map(moved)),
        isShortcut: v === ENTRY && to.box.words.kind === 'join',
        ...(label !== undefined && { label }),
      };
    });
  const last = boxes.at(-1) as Placed;
  const height = last.y + last.height / 2;
  return { boxes, edges, enters, ...sidesOf(boxes, edges), height };
}

/** Whether the branches of a module stand from right to left. */
function isMirrored({ links }: Box, at: (name: string) => Point): boolean {
  const [first, last] = [links[0]?.from, links.at(-1)?.from];
  return links.length > 2 && first && last ? at(first.name).x > at(last.name).x : false;
}

/** From the bottom of a box, or the entry, to another box, past those in between. */
function pathOf(from: Placed | undefined, to: Placed, between: readonly Point[]): Point[] {
  const start = from ? { x: from.x, y: from.y + from.height / 2 } : { x: 0, y: 0 };
  const top = { x: to.x, y: to.y - to.height / 2 };
  if (between.length > 1) return [start, ...between, edgeOf(to, between.at(-1) as Point)];
  if (Math.abs(start.x - top.x) < 1) return [start, top];
  const isJoin = to.box.words.kind === 'join';
  if (!isJoin) return [start, { x: top.x, y: (start.y + top.y) / 2 }, top];
  const corner = { x: start.x, y: (start.y + to.y) / 2 };
  return [start, corner, edgeOf(to, corner)];
}

/** Where a line from a point to the middle of a box meets its edge. */
function edgeOf({ box, x, y, width, height }: Placed, from: Point): Point {
  const [dx, dy] = [from.x - x, from.y - y];
  const share = isSum(box)
    ? height / 2 / Math.hypot(dx, dy)
    : Math.min(width / 2 / Math.abs(dx || 1), height / 2 / Math.abs(dy || 1));
  return { x: x + dx * share, y: y + dy * share };
}

function sidesOf(boxes: readonly Placed[], edges: readonly Edge[]) {
  const xs = [
    ...boxes.flatMap(({ x, width }) => [x - width / 2, x + width / 2]),
    ...edges.flatMap(({ points, label }) => {
      const beside = label === undefined ? 0 : textWidth(label, SMALL) + 6;
      return points.map(({ x }) => x + Math.sign(x) * beside);
    }),
  ];
  return { left: Math.min(...xs), right: Math.max(...xs) };
}
