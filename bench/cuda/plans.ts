/**
 * Plans every convolution of training steps of the catalogue's networks with cuDNN for GPUs that
 * need not be there, and writes engines and workspaces to bench/results/. Plans that are in the file
 * already are kept, so that a run that ended early goes on. Fails where a convolution has no plan.
 *
 *     npm run cuda:plans
 */
import { parseArgs } from 'node:util';
import { architectures, findArchitecture } from '../../src/archs/index.js';
import { main } from '../rounds.js';
import { DEVICES, type Device, plan, type Way, whyNoPlans } from './cudnn-plans.js';
import { PlanTable } from './plan-table.js';
import { type ProductCall, productCalls, requestLine } from './product-calls.js';

const USAGE = `npm run cuda:plans -- [options]

  --arch NAME        a network, which may be given several times; default all
  --batch-size N     which may be given several times; default 1, 32, 128 and 256
  --device NAME      a100 or h100; default both
  --precision NAME   bf16, tf32 or f32; default all
  --skip-compiled    leaves out engines that cuDNN compiles, each in seconds
  --keep             puts those into the file of choices below $CNN_CACHE, for the real GPU
  --afresh           forgets the plans that are in the file, as after an update of cuDNN
  --out FILE         default bench/results/cudnn-plans.csv`;

const TYPES = ['bf16', 'tf32', 'f32'] as const;

/** After so many calls the file is written, so that a run that ends early loses little. */
const CALLS_AT_ONCE = 100;

async function planAll(): Promise<void> {
  const options = readOptions();
  const missing = whyNoPlans();
  if (missing !== undefined) throw new Error(`No plans can be made here: ${missing}`);
  const { devices, batchSizes, out } = options;
  const table = options.afresh
    ? new PlanTable(devices, batchSizes)
    : PlanTable.read(out, devices, batchSizes);
  const without: string[] = [];
  const called = {
    bf16: await convolutions(options, 'bf16'),
    f32: await convolutions(options, 'f32'),
  };
  for (const types of options.precisions) {
    const calls = types === 'tf32' ? called.f32.map((call) => ({ ...call, types })) : called[types];
    for (const device of devices) {
      const wanted = calls.filter(
        (call) => options.keep || !table.knows(call, device, options.compile),
      );
      console.error(`${device} ${types}: ${calls.length} calls, ${wanted.length} to plan`);
      without.push(...(await planCalls(wanted, device, table, options)));
    }
  }
  await table.write(out);
  console.log(`${table.size} rows in ${out}`);
  for (const line of without) console.log(`no plan: ${line}`);
  if (without.length > 0) process.exitCode = 1;
}

/** Adds the plans of the calls to the table and to its file. Returns those that have none. */
async function planCalls(
  calls: readonly ProductCall[],
  device: Device,
  table: PlanTable,
  options: Options,
): Promise<string[]> {
  const without: string[] = [];
  for (let begin = 0; begin < calls.length; begin += CALLS_AT_ONCE) {
    const some = calls.slice(begin, begin + CALLS_AT_ONCE);
    const ways = await plan(device, some.map(requestLine), options, (line) => {
      if (!process.stderr.isTTY) return;
      process.stderr.write(`\r${begin + line + 1}/${calls.length}\x1b[K`);
    });
    // cuBLASLt tells nothing without a device.
    for (const way of ways.filter(({ way }) => !way.startsWith('cublasLt'))) {
      table.note(some[way.line] as ProductCall, way, device, options.compile);
    }
    without.push(...withoutPlan(some, ways).map((line) => `${device} ${line}`));
    await table.write(options.out);
  }
  return without;
}

async function convolutions(
  { networks, batchSizes }: Options,
  precision: 'bf16' | 'f32',
): Promise<ProductCall[]> {
  const calls = await productCalls(networks, batchSizes, precision);
  return calls.filter(({ kernel }) => kernel !== 'BatchMatMul');
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
      afresh: { type: 'boolean', default: false },
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
    afresh: values.afresh,
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
