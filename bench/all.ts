/**
 * Every network of the table in docs/performance.md, ours beside each PyTorch: measures what this commit lacks,
 * and writes the tables between the markers there.
 *
 *     npm run bench:all -- --python /usr/bin/python3 --python venv/bin/python --compile venv/bin/python
 *     npm run bench:all -- --eval --python venv/bin/python --compile venv/bin/python --onnxruntime venv/bin/python
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PACKAGE_ROOT } from '../src/package-root.js';
import { EVALUATION_BATCHES, NETWORKS, PRECISIONS } from './networks.js';
import { CONTENDERS_USAGE, contenderOptions, readContenders } from './options.js';
import {
  appendRows,
  type Cell,
  isComplete,
  lastRun,
  readAllRows,
  readRows,
  tableName,
} from './results.js';
import { commit, hardware, main, warnOfLoad } from './rounds.js';
import { sideBySide } from './side-by-side.js';
import { replaceBetweenMarkers, tables } from './table.js';

const USAGE = `npm run bench:all [-- options]

  --only NAMES       such as resnet50,lenet5: measures these alone; the page keeps the others
  --again            measures what this commit already has too, and tries PyTorch's layouts again
  --dry-run          prints the tables of what this commit has, measures and writes nothing
${CONTENDERS_USAGE}`;

async function all(): Promise<void> {
  const { values } = parseArgs({
    options: {
      ...contenderOptions,
      only: { type: 'string' },
      again: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const only = values.only?.split(',') ?? NETWORKS.map(({ arch }) => arch);
  const unknown = only.filter((name) => !NETWORKS.some(({ arch }) => arch === name));
  if (unknown.length > 0) throw new Error(`Unknown in bench/networks.ts: ${unknown.join(', ')}`);
  const { sides, rounds, threads } = readContenders(values);
  const common = { aux_weight: 0, threads, hardware };
  const cells: readonly Cell[] = values.eval ? evaluated(common) : trained(common);
  const hash = commit();
  const table = tableName(hash, values.eval ? { task: 'eval' } : {});
  if (!values['dry-run']) {
    warnOfLoad();
    for (const cell of cells.filter(({ arch }) => only.includes(arch))) {
      const name = `${cell.arch}, batches of ${cell.batch_size}, ${cell.precision}`;
      // Files that differ from the commit may differ from what was measured before.
      const fresh = !values.again && !hash.endsWith('-dirty');
      if (fresh && isComplete(lastRun(readRows(table), cell), sides, rounds.rounds)) {
        console.error(`${name}: ${hash} has it`);
        continue;
      }
      console.error(name);
      const earlier = values.again ? [] : readAllRows(cell);
      await appendRows(table, await sideBySide(cell, sides, rounds, earlier));
    }
  }
  const rows = readRows(table);
  const lines = cells
    .map((cell) => ({ cell, run: lastRun(rows, cell) }))
    .filter(({ run }) => run.length > 0);
  const text = `${hardware}, ${threads} threads, commit ${hash}.\n\n${tables(lines, sides)}`;
  console.log(text);
  if (values['dry-run']) return;
  const page = join(PACKAGE_ROOT, 'docs/performance.md');
  const place = values.eval ? 'bench-eval' : 'bench';
  writeFileSync(page, replaceBetweenMarkers(readFileSync(page, 'utf8'), `\n${text}\n`, place));
}

type Common = Pick<Cell, 'aux_weight' | 'threads' | 'hardware'>;

function trained(common: Common): Cell[] {
  return NETWORKS.flatMap((network) =>
    PRECISIONS.map((precision) => ({ ...network, precision, ...common })),
  );
}

function evaluated(common: Common): Cell[] {
  return NETWORKS.flatMap(({ arch }) =>
    EVALUATION_BATCHES.map((batch_size) => {
      return { task: 'eval' as const, arch, batch_size, precision: 'f32', ...common };
    }),
  );
}

await main(all);
