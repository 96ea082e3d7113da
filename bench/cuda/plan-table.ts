/** The file of cuDNN's plans: a row per convolution and way, a column per device and batch size. */
import { existsSync, readFileSync } from 'node:fs';
import { ACTIVATIONS } from '../../src/activations.js';
import { architectures } from '../../src/archs/index.js';
import { writeAtomically } from '../../src/system/files.js';
import { parseCsv } from '../csv.js';
import type { Device, Way } from './cudnn-plans.js';
import type { ProductCall } from './product-calls.js';

const NAMES = ['call', 'types', 'shape', 'way'] as const;
const NETWORKS = 'networks';
/** Left out by `--skip-compiled`, if there is an engine at all. */
const NOT_COMPILED = 'not compiled';

interface Row {
  readonly names: Readonly<Record<(typeof NAMES)[number], string>>;
  readonly networks: Set<string>;
  /** By device and batch size. */
  readonly cells: Map<string, string>;
}

export class PlanTable {
  readonly #rows = new Map<string, Row>();
  readonly #columns: string[];

  /** With what an earlier run has put into the file. */
  static read(file: string, devices: readonly Device[], batchSizes: readonly number[]): PlanTable {
    const table = new PlanTable(devices, batchSizes);
    if (existsSync(file)) for (const row of parseCsv(readFileSync(file, 'utf8'))) table.#add(row);
    return table;
  }

  constructor(devices: readonly Device[], batchSizes: readonly number[]) {
    this.#columns = devices.flatMap((device) =>
      batchSizes.map((batch) => columnOf(device, { batch })),
    );
  }

  get size(): number {
    return this.#rows.size;
  }

  #add({ [NETWORKS]: networks = '', ...fields }: Record<string, string>): void {
    const names = { call: '', types: '', shape: '', way: '' };
    for (const name of NAMES) names[name] = fields[name] ?? '';
    const row = this.#row(names);
    for (const network of networks.split(' ')) row.networks.add(network);
    for (const [column, cell] of Object.entries(fields)) {
      if (column in names) continue;
      if (!this.#columns.includes(column)) this.#columns.push(column);
      if (cell !== '') row.cells.set(column, cell);
    }
  }

  #row(names: Row['names']): Row {
    const key = keyOf(names);
    const row = this.#rows.get(key) ?? { names, networks: new Set(), cells: new Map() };
    this.#rows.set(key, row);
    return row;
  }

  /** Whether all is known of a call, which is then one of its networks' too. */
  knows(call: ProductCall, device: Device, compiled: boolean): boolean {
    const rows = waysOf(call).map((way) => this.#rows.get(keyOf({ ...namesOf(call), way })));
    const known = rows.every((row) => {
      const cell = row?.cells.get(columnOf(device, call.parameters));
      return cell !== undefined && !(compiled && cell === NOT_COMPILED);
    });
    if (known) for (const row of rows) addAll(row?.networks, call.networks);
    return known;
  }

  note(call: ProductCall, way: Way, device: Device, compiled: boolean): void {
    const row = this.#row({ ...namesOf(call), way: way.way });
    addAll(row.networks, call.networks);
    row.cells.set(columnOf(device, call.parameters), cellOf(way, compiled));
  }

  async write(file: string): Promise<void> {
    // A run for some of them leaves the order of all.
    const columns = this.#columns.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    const lines = [...this.#rows.values()].map(({ names, cells, networks }) =>
      [
        ...NAMES.map((name) => names[name]),
        ...columns.map((column) => cells.get(column) ?? ''),
        architectures
          .map(({ name }) => name)
          .filter((name) => networks.has(name))
          .join(' '),
      ].join(','),
    );
    const header = [...NAMES, ...columns, NETWORKS].join(',');
    await writeAtomically(file, [header, ...lines.sort()].map((line) => `${line}\n`).join(''));
  }
}

function addAll(set: Set<string> | undefined, names: readonly string[]): void {
  for (const name of names) set?.add(name);
}

function keyOf(names: Row['names']): string {
  return NAMES.map((name) => names[name]).join('/');
}

function namesOf({ kernel, types, parameters }: ProductCall) {
  return { call: kernel as string, types, shape: shapeOf(parameters) };
}

/** cuDNN's ways of a call, as `waysOf` of native/cuda/cudnn/ways.cc has them. */
function waysOf({ kernel, bias, parameters }: ProductCall): string[] {
  if (kernel === 'Conv2DBackpropInput') return ['cuDNN input gradient'];
  if (kernel === 'Conv2DBackpropFilter') return ['cuDNN filter gradient'];
  const relu = parameters['activation'] === ACTIVATIONS.relu.number ? '+relu' : '';
  return [...(bias ? [`cuDNN forward+bias${relu}`] : []), 'cuDNN forward'];
}

/** `224×224×3 7×7/2 → 112×112×64`, with what is not the rule after it. */
function shapeOf(p: ProductCall['parameters']): string {
  const stride = p['strideHeight'] === 1 ? '' : `/${p['strideHeight']}`;
  const groups = p['groups'] === 1 ? '' : ` groups ${p['groups']}`;
  const image = `${p['inHeight']}×${p['inWidth']}×${p['inChannels']}`;
  const filter = `${p['filterHeight']}×${p['filterWidth']}${stride}`;
  const result = `${p['outHeight']}×${p['outWidth']}×${p['outChannels']}`;
  return `${image} ${filter} → ${result}${groups}`;
}

/** The engine and its workspace in MiB; `c`: cuDNN compiled it. */
function cellOf({ engine, compiled, workspaceBytes }: Way, all: boolean): string {
  if (engine === '') return all ? 'none' : NOT_COMPILED;
  const mebibytes = (workspaceBytes / 2 ** 20).toFixed(1);
  return `${engine}${compiled === 'ready' ? '' : 'c'} ${mebibytes}`;
}

function columnOf(device: Device, { batch }: Readonly<Record<string, unknown>>): string {
  return `${device} ${batch}`;
}
