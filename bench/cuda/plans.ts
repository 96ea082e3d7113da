/**
 * Plans every convolution of training steps of the catalogue's networks with cuDNN for GPUs that
 * need not be there, and writes engines and workspaces to bench/results/. Fails where one has no
 * plan.
 *
 *     npm run cuda:plans
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { architectures, findArchitecture } from '../../src/archs/index.js';
import { main } from '../rounds.js';
import { DEVICES, type Device, plan, type Way, whyNoPlans } from './cudnn-plans.js';
import { type ProductCall, productCalls, requestLine } from './product-calls.js';

const USAGE = `npm run cuda:plans -- [options]

  --arch NAME        a network, which may be given several times; default all
  --batch-size N     which may be given several times; default 1, 32, 128 and 256
  --device NAME      a100 or h100; default both
  --precision NAME   bf16, tf32 or f32; default all
  --skip-compiled    leaves out engines that cuDNN compiles, each in seconds
  --keep             puts those into the file of choices below $CNN_CACHE, for the real GPU
  --out FILE         default bench/results/cudnn-plans.csv`;

const TYPES = ['bf16', 'tf32', 'f32'] as const;

/** A convolution at all batch sizes: what the columns of a row say of it. */
interface Row {
  readonly call: string;
  readonly types: string;
  readonly shape: string;
  readonly way: string;
  readonly networks: string;
  /** By device and batch size. */
  readonly cells: Map<string, string>;
}

async function planAll(): Promise<void> {
  const options = readOptions();
  const missing = whyNoPlans();
  if (missing !== undefined) throw new Error(`No plans can be made here: ${missing}`);
  const rows = new Map<string, Row>();
  const without: string[] = [];
  for (const types of options.precisions) {
    const calls = await convolutions(options, types);
    for (const device of options.devices) {
      const ways = await plan(device, calls.map(requestLine), options, (line) => {
        if (process.stderr.isTTY) process.stderr.write(`\r${line + 1}/${calls.length}\x1b[K`);
      });
      note(rows, calls, ways, device, options.compile);
      console.error(`${device} ${types}: ${calls.length} calls, ${ways.length} ways`);
      without.push(...withoutPlan(calls, ways).map((line) => `${device} ${line}`));
    }
  }
  writeFileSync(options.out, toCsv([...rows.values()], options));
  console.log(`${rows.size} rows in ${options.out}`);
  for (const line of without) console.log(`no plan: ${line}`);
  if (without.length > 0) process.exitCode = 1;
}

async function convolutions(
  { networks, batchSizes }: Options,
  types: (typeof TYPES)[number],
): Promise<ProductCall[]> {
  const calls = await productCalls(networks, batchSizes, types === 'bf16' ? 'bf16' : 'f32');
  return calls
    .filter(({ kernel }) => kernel !== 'BatchMatMul')
    .map((call) => (types === 'tf32' ? { ...call, types: 'tf32' } : call));
}

/** The ways of each call as cells of the rows of its shape. */
function note(
  rows: Map<string, Row>,
  calls: readonly ProductCall[],
  ways: readonly Way[],
  device: Device,
  compiled: boolean,
): void {
  // cuBLASLt tells nothing without a device.
  for (const way of ways.filter(({ way }) => !way.startsWith('cublasLt'))) {
    const { kernel, types, parameters, networks } = calls[way.line] as ProductCall;
    const row = {
      ...{ call: kernel, types, shape: shapeOf(parameters), way: way.way },
      networks: networks.join(' '),
      cells: new Map<string, string>(),
    };
    const key = [row.call, row.types, row.shape, row.way].join('/');
    const kept = rows.get(key) ?? row;
    rows.set(key, kept);
    const cell = cellOf(way, compiled);
    kept.cells.set(cellName(device, parameters['batch'] as number), cell);
  }
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
  if (engine === '') return all ? 'none' : 'not compiled';
  const mebibytes = (workspaceBytes / 2 ** 20).toFixed(1);
  return `${engine}${compiled === 'ready' ? '' : 'c'} ${mebibytes}`;
}

function cellName(device: Device, batchSize: number): string {
  return `${device} ${batchSize}`;
}

/** Calls that no way computes. */
function withoutPlan(calls: readonly ProductCall[], ways: readonly Way[]): string[] {
  const planned = new Set(
    ways
      .filter(({ way, engine }) => way.startsWith('cublasLt') || engine !== '')
      .map(({ line }) => line),
  );
  return calls.filter((_, line) => !planned.has(line)).map(requestLine);
}

function toCsv(rows: readonly Row[], { devices, batchSizes }: Options): string {
  const cells = devices.flatMap((device) => batchSizes.map((size) => cellName(device, size)));
  const header = ['call', 'types', 'shape', 'way', ...cells, 'networks'];
  const lines = rows.map((row) =>
    [
      ...[row.call, row.types, row.shape, row.way],
      ...cells.map((name) => row.cells.get(name) ?? ''),
      row.networks,
    ].join(','),
  );
  return [header.join(','), ...lines.sort()].map((line) => `${line}\n`).join('');
}

type Options = ReturnType<typeof readOptions>;

function readOptions() {
  const several = { type: 'string', multiple: true } as const;
  const { values } = parseArgs({
    options: {
      arch: several,
      'batch-size': several,
      device: several,
      precision: several,
      'skip-compiled': { type: 'boolean' },
      keep: { type: 'boolean', default: false },
      out: { type: 'string', default: 'bench/results/cudnn-plans.csv' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  return {
    networks: values.arch?.map(findArchitecture) ?? architectures,
    batchSizes: (values['batch-size'] ?? ['1', '32', '128', '256']).map(Number),
    devices: chosen('device', DEVICES, values.device),
    precisions: chosen('precision', TYPES, values.precision),
    compile: !values['skip-compiled'],
    keep: values.keep,
    out: values.out,
  };
}

/** The names given, all where none is. */
function chosen<T extends string>(
  option: string,
  known: readonly T[],
  given: readonly string[] = known,
): T[] {
  return given.map((name) => {
    const found = known.find((one) => one === name);
    if (found) return found;
    throw new Error(`Expected --${option} to be one of ${known.join(', ')} but received "${name}"`);
  });
}

await main(planAll);
