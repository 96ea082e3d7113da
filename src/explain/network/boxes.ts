/**
 * The graph of a network as textbooks draw it: a box for each convolution, pooling and dense layer
 * and where paths meet. What works value by value is a note in the box before it, or, in networks
 * whose normalisation comes first, in the box after it.
 */
import type { Graph, GraphNode } from '../../network/graph.js';
import { windowOf } from './window.js';
import { noteOf, ownNotes, type Words, wordsOf } from './words.js';

export interface Link {
  /** The box that it comes from; undefined from the image. */
  readonly from: Box | undefined;
  /** Of a shortcut without weights that changes the shape. */
  readonly label?: string;
}

export interface Box {
  /** The name of its layer. */
  readonly name: string;
  readonly words: Words;
  /** What is done value by value before and after it: BN, ReLU. */
  readonly before: string[];
  readonly after: string[];
  readonly links: readonly Link[];
  /** Without the batch. */
  readonly outputShape: readonly number[];
}

/** How a value is reached: from a box, by what has no box. */
interface Path extends Link {
  /** Notes for the next box. */
  readonly notes: readonly string[];
}

/** Boxes in running order. `stageOf` tells which layers may share a box. */
export function boxesOf(graph: Graph, stageOf: (layer: string) => number): Box[] {
  const reader = new Reader(graph, stageOf);
  for (const node of graph.nodes) reader.read(node);
  return reader.boxes;
}

class Reader {
  readonly boxes: Box[] = [];
  readonly #paths: Map<number, Path>;
  readonly #consumers = new Map<number, GraphNode[]>();
  readonly #normalisesFirst: boolean;

  constructor(
    { nodes, input }: Graph,
    readonly stageOf: (layer: string) => number,
  ) {
    this.#paths = new Map([[input, { from: undefined, notes: [] }]]);
    const makers = new Map(nodes.map((node) => [node.output, node]));
    for (const node of nodes) {
      for (const value of node.inputs) {
        this.#consumers.set(value, [...(this.#consumers.get(value) ?? []), node]);
      }
    }
    this.#normalisesFirst = nodes.some(({ kind, inputs }) => {
      const before = makers.get(inputs[0] ?? -1)?.kind;
      return kind === 'BatchNormalization' && (before === 'Add' || before === 'Concatenate');
    });
  }

  read(node: GraphNode): void {
    const [path] = node.inputs.map((value) => this.#path(value)) as [Path, ...Path[]];
    const note = noteOf(node);
    const label = shortcutLabel(node);
    if (label !== undefined) {
      const parts = path.label === undefined ? [label] : [path.label, label];
      this.#paths.set(node.output, { ...path, label: parts.join(', ') });
    } else if (note !== undefined) this.#readNote(node, note, path);
    else this.#readLayer(node, path);
  }

  #readLayer(node: GraphNode, path: Path): void {
    const words = wordsOf(node);
    if (words === undefined) this.#paths.set(node.output, path);
    else this.#addBox(node, words);
  }

  #addBox(node: GraphNode, words: Words, after: readonly string[] = ownNotes(node)): void {
    const paths = node.inputs.map((value) => this.#path(value));
    const box: Box = {
      name: node.layer.name,
      words,
      before: paths.flatMap(({ notes }) => notes),
      after: [...after],
      links: paths.map(({ from, label }) => ({ from, ...(label !== undefined && { label }) })),
      outputShape: node.outputShape.slice(1).map((side) => side ?? 0),
    };
    this.boxes.push(box);
    this.#paths.set(node.output, { from: box, notes: [] });
  }

  /** To the box before, to that after, or in a box of its own. */
  #readNote(node: GraphNode, note: string, path: Path): void {
    const { from, notes } = path;
    const [input = -1] = node.inputs;
    const next = this.#nextBox(node);
    const first = this.#normalisesFirst && next?.kind === 'Conv2D';
    const alone = (this.#consumers.get(input) ?? []).length === 1;
    const isNear = from !== undefined && this.#sameStage(from.name, node.layer.name);
    if (!first && alone && isNear && notes.length === 0) {
      from.after.push(note);
      this.#paths.set(node.output, path);
    } else if (next !== undefined && this.#sameStage(next.layer.name, node.layer.name)) {
      this.#paths.set(node.output, { ...path, notes: [...notes, note] });
    } else this.#addBox(node, { kind: 'other', text: note }, []);
  }

  /** The layer with a box that a value reaches next, where that is one alone. */
  #nextBox(node: GraphNode): GraphNode | undefined {
    const [consumer, ...others] = this.#consumers.get(node.output) ?? [];
    if (consumer === undefined || others.length > 0) return undefined;
    return wordsOf(consumer) === undefined ? this.#nextBox(consumer) : consumer;
  }

  #sameStage(a: string, b: string): boolean {
    return this.stageOf(a) === this.stageOf(b);
  }

  #path(value: number): Path {
    return this.#paths.get(value) ?? { from: undefined, notes: [] };
  }
}

/** What option A of He et al. does to a shortcut: every second value, and maps of zeros. */
function shortcutLabel(node: GraphNode): string | undefined {
  const { kind, config, inputShapes, outputShape } = node;
  if (kind === 'ZeroPadding2D' && config['dataFormat'] === 'channelsFirst') {
    return `+${(outputShape.at(-1) ?? 0) - (inputShapes[0]?.at(-1) ?? 0)} zeros`;
  }
  const window = windowOf(node);
  const isThinned = kind === 'AveragePooling2D' && window?.side === 1;
  return isThinned ? (window.stride > 1 ? `/${window.stride}` : '') : undefined;
}
