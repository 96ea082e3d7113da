/**
 * What choosing kernels by measurement gains: blocks of training steps by the fixed table and by the
 * choices in turn, in one process for each network; medians, and their ratio.
 *
 *     npx tsx bench/autotune.ts --rounds 5
 *     npx tsx bench/autotune.ts --arch resnet50 --batch-size 16 --precision f32
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findArchitecture } from '../src/archs/index.js';
import { openBackend } from '../src/backend/index.js';
import { repeatChoices } from '../src/backend/tuning/tune.js';
import { median } from '../src/measure/median.js';
import { estimateMemory } from '../src/measure/memory.js';
import { openBenchmark } from '../src/measure/training.js';
import { SILENT } from '../src/session/reporter.js';
import { resolveSettings } from '../src/settings/resolve.js';
import { flagValues } from '../src/settings/validate.js';
import { NETWORKS, PRECISIONS } from './networks.js';
import { hardware, main, warnOfLoad } from './rounds.js';

const { values } = parseArgs({
  options: {
    arch: { type: 'string' },
    'batch-size': { type: 'string', default: '16' },
    precision: { type: 'string', default: 'f32' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '3' },
  },
});
const [rounds, steps] = [Number(values.rounds), Number(values.steps)];

const CIFAR = { arch: 'resnet20-cifar', batch_size: 128 };

async function measure(arch: string): Promise<void> {
  const architecture = findArchitecture(arch);
  const { 'batch-size': batchSize, precision } = values;
  // GoogLeNet's heads are left out, as in the other comparisons.
  const given = { 'batch-size': batchSize, precision, 'aux-weight': '0', backend: 'cpu' };
  const source = { values: flagValues('bench', given), source: 'flag' } as const;
  const { settings } = resolveSettings('bench', [source], architecture);
  const benchmark = await openBenchmark(architecture, settings, SILENT);
  const backend = await openBackend('cpu', { precision: settings.precision });
  const { calls } = await estimateMemory(architecture, backend, settings);
  const { device } = backend;
  if (device === undefined) throw new Error('Expected backend cpu to have a device');
  const { kernels } = await benchmark.measure({ warmup: 1, steps: 0 });
  const choices = kernels?.choices ?? {};
  const times: Record<'fixed' | 'chosen', number[]> = { fixed: [], chosen: [] };
  for (let round = 0; round < rounds; round++) {
    device.setChoices([]);
    times.fixed.push((await benchmark.measure({ warmup: 1, steps })).milliseconds_per_step);
    repeatChoices(device, calls, choices);
    times.chosen.push((await benchmark.measure({ warmup: 1, steps })).milliseconds_per_step);
  }
  await benchmark.close();
  const [fixed, chosen] = [median(times.fixed), median(times.chosen)];
  console.log(
    [
      `${arch} ${batchSize} ${precision}:`,
      `${fixed.toFixed(1)} ms by the fixed table, ${chosen.toFixed(1)} by choices,`,
      `${(fixed / chosen).toFixed(3)} times as fast;`,
      `${Object.keys(choices).length} of ${Object.keys(kernels?.measured ?? {}).length} chosen`,
    ].join(' '),
  );
}

function measureAll(): void {
  console.log(hardware);
  for (const { arch, batch_size } of [...NETWORKS, CIFAR]) {
    for (const precision of PRECISIONS) {
      const cell = ['--arch', arch, '--batch-size', `${batch_size}`, '--precision', precision];
      const amount = ['--rounds', `${rounds}`, '--steps', `${steps}`];
      const script = fileURLToPath(import.meta.url);
      spawnSync('npx', ['tsx', script, ...cell, ...amount], { stdio: 'inherit' });
    }
  }
}

await main(async () => {
  warnOfLoad();
  if (values.arch === undefined) measureAll();
  else await measure(values.arch);
});
