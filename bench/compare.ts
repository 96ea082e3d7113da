/**
 * Our training step, or with --eval our pass forward, beside PyTorch's, in turn on the same machine: prints medians and our ratio to
 * each, and appends each round to bench/results/<commit>.csv or eval-<commit>.csv.
 *
 *     npm run bench:compare -- --arch alexnet-torchvision --batch-size 64 --precision bf16
 */
import { parseArgs } from 'node:util';
import { findArchitecture } from '../src/archs/index.js';
import { CONTENDERS_USAGE, contenderOptions, readContenders } from './options.js';
import { appendRows, tableName } from './results.js';
import { commit, hardware, main, warnOfLoad } from './rounds.js';
import { sideBySide } from './side-by-side.js';
import { tables } from './table.js';

const USAGE = `npm run bench:compare -- --arch NAME [options]

  --arch NAME        lenet5, or a network of AlexNet, VGG, GoogLeNet, ResNet or DenseNet at
                     224×224 (pytorch_networks.py lists them)
  --batch-size N     default 64
  --precision P      bf16 (default) or f32
  --aux-weight X     share of the loss of GoogLeNet's heads; 0 leaves them out; default 0.3
${CONTENDERS_USAGE}`;

async function compare(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      ...contenderOptions,
      arch: text,
      'batch-size': { ...text, default: '64' },
      precision: { ...text, default: 'bf16' },
      'aux-weight': text,
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  if (values.arch === undefined) throw new Error(`Expected --arch\n\n${USAGE}`);
  warnOfLoad();
  const { sides, rounds, threads } = readContenders(values);
  const { name: arch, auxiliary } = findArchitecture(values.arch);
  const cell = {
    ...(values.eval && { task: 'eval' as const }),
    arch,
    batch_size: Number(values['batch-size']),
    precision: values.precision,
    aux_weight: values.eval ? 0 : Number(values['aux-weight'] ?? auxiliary?.weight ?? 0),
    threads,
    hardware,
  };
  const run = await sideBySide(cell, sides, rounds, []);
  const file = await appendRows(tableName(commit(), cell), run);
  console.log(`${hardware}, ${threads} threads\n`);
  console.log(tables([{ cell, run }], sides));
  console.log(`\nrounds in ${file}`);
}

await main(compare);
