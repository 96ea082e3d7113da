import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCsv } from '../../bench/csv.js';
import type { Way } from '../../bench/cuda/cudnn-plans.js';
import { PlanTable } from '../../bench/cuda/plan-table.js';
import type { ProductCall } from '../../bench/cuda/product-calls.js';
import { architectures } from '../../src/archs/index.js';
import { PACKAGE_ROOT } from '../../src/package-root.js';

const FUSED: ProductCall = {
  kernel: 'FusedConv2D',
  types: 'bf16',
  bias: true,
  parameters: {
    ...{ batch: 32, inHeight: 14, inWidth: 14, inChannels: 6 },
    ...{ outHeight: 10, outWidth: 10, outChannels: 16, filterHeight: 5, filterWidth: 5 },
    ...{ strideHeight: 1, strideWidth: 1, groups: 1, activation: 1 },
  },
  networks: ['lenet5'],
};

function way(name: string, engine: string, mebibytes = 0): Way {
  const compiled = name.includes('bias') ? 'at run time' : 'ready';
  return { line: 0, way: name, engine, compiled, workspaceBytes: mebibytes * 2 ** 20, seconds: 1 };
}

describe('bench/cuda: the file of plans', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cnn-plans-'));
  const file = join(folder, 'plans.csv');
  after(() => rmSync(folder, { recursive: true }));

  it('is added to by later runs, which plan what it lacks', async () => {
    const first = PlanTable.read(file, ['h100'], [32]);
    assert.ok(!first.knows(FUSED, 'h100', false));
    first.note(FUSED, way('cuDNN forward+bias+relu', ''), 'h100', false);
    assert.ok(!first.knows(FUSED, 'h100', false), 'one of two ways is not all');
    first.note(FUSED, way('cuDNN forward', '45', 24.7), 'h100', false);
    await first.write(file);

    const second = PlanTable.read(file, ['a100', 'h100'], [32]);
    assert.ok(second.knows({ ...FUSED, networks: ['alexnet'] }, 'h100', false));
    assert.ok(!second.knows(FUSED, 'h100', true), 'what was not compiled is wanted now');
    assert.ok(!second.knows(FUSED, 'a100', false));
    const larger = { ...FUSED, parameters: { ...FUSED.parameters, batch: 256 } };
    assert.ok(!second.knows(larger, 'h100', false));
    second.note(FUSED, way('cuDNN forward+bias+relu', '7'), 'h100', true);
    await second.write(file);

    assert.deepEqual(readFileSync(file, 'utf8').split('\n'), [
      'call,types,shape,way,a100 32,h100 32,networks',
      'FusedConv2D,bf16,14×14×6 5×5 → 10×10×16,cuDNN forward+bias+relu,,7c 0.0,lenet5 alexnet',
      'FusedConv2D,bf16,14×14×6 5×5 → 10×10×16,cuDNN forward,,45 24.7,lenet5 alexnet',
      '',
    ]);
    const written = readFileSync(file, 'utf8');
    const third = PlanTable.read(file, ['h100'], [32]);
    assert.ok(third.knows(FUSED, 'h100', true));
    await third.write(file);
    assert.equal(readFileSync(file, 'utf8'), written);
  });

  it('that was recorded has every network, and a plan in every column', () => {
    const recorded = join(PACKAGE_ROOT, 'bench/results/cudnn-plans.csv');
    const rows = parseCsv(readFileSync(recorded, 'utf8'));
    const networks = new Set(rows.flatMap(({ networks = '' }) => networks.split(' ')));
    const missing = architectures.map(({ name }) => name).filter((name) => !networks.has(name));
    assert.deepEqual(missing, [], 'run npm run cuda:plans -- --skip-compiled');
    const columns = ['a100', 'h100'].flatMap((gpu) => [1, 32, 128, 256].map((n) => `${gpu} ${n}`));
    for (const row of rows) {
      const known = columns.every((column) =>
        /^(\d+c? \d+\.\d|not compiled)$/.test(row[column] ?? ''),
      );
      assert.ok(known, JSON.stringify(row));
    }
  });
});
