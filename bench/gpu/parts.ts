/** The parts of a day on a GPU machine, in the order in which they run. */
import { linkSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchmarkResult } from '../../src/measure/steps.js';
import type { Cell } from '../results.js';
import { benchmark, type Peers } from './benchmark.js';
import { lastLine, type Part, PartFailed, type Run } from './day.js';
import { runSanitized, runTests } from './tests.js';

/** What says of itself what machine this is; what is missing is told as such. */
const DESCRIBERS: readonly (readonly string[])[] = [
  ['uname', '-a'],
  ['lscpu'],
  ['nvidia-smi'],
  ['nvidia-smi', '-q'],
  ['nvcc', '--version'],
  ['compute-sanitizer', '--version'],
];

async function describe(run: Run): Promise<void> {
  for (const command of DESCRIBERS) await run.task(command, { seconds: 20 });
  await run.task([run.day.python, '-m', 'torch.utils.collect_env'], { seconds: 40 });
  const properties = await run.task(['build/cudnn-device'], { seconds: 30 });
  if (properties.passed) run.write('device.json', properties.stdout);
  run.tell(`\`\`\`\n${await run.cnn('doctor')}\`\`\``);
  if (properties.passed) return;
  throw new PartFailed(`no device.json: ${lastLine(properties.output) || properties.end}`);
}

/** Training on JPEGs that are decoded as they are needed. */
async function train(run: Run): Promise<void> {
  const { arch, copies, batch, steps } = run.day.sizes.training;
  const data = join(run.day.temporary, 'images');
  multiply(run.day.images, data, copies);
  const output = await run.cnn(
    ...['train', '--arch', arch, '--data', data, '--backend', 'cuda', '--seed', '0'],
    ...['--batch-size', String(batch), '--max-steps', String(steps), '--lr', '0.01'],
    ...['--output', join(run.day.temporary, 'runs')],
  );
  run.tell(`\`\`\`\n${output}\`\`\``);
}

/** The same images without training: what the processor and the GPU each decode in a second. */
async function decode(run: Run): Promise<void> {
  const { training, decoding } = run.day.sizes;
  const { arch, copies, batch } = training;
  const data = join(run.day.temporary, 'decoded');
  multiply(run.day.images, data, copies);
  const threads = decoding.threads.filter((count) => count <= run.day.cores);
  const outputs: string[] = [];
  for (const workers of threads.length > 0 ? threads : [run.day.cores]) {
    const output = await run.cnn(
      ...['bench', 'data', '--decode', 'gpu', '--arch', arch, '--data', data],
      ...['--batch-size', String(batch), '--steps', String(decoding.steps)],
      ...['--workers', String(workers)],
    );
    outputs.push(output);
    run.tell(`\`\`\`\n${outputs.join('\n')}\`\`\``);
  }
}

/** Hard links to each image of a tree, so that there are enough for a run. */
function multiply(from: string, to: string, copies: number): void {
  for (const name of readdirSync(from, { recursive: true }) as string[]) {
    const path = /^(.*)\/([^/]+)\.JPEG$/.exec(name);
    if (!path) continue;
    const [, folder = '', file = ''] = path;
    mkdirSync(join(to, folder), { recursive: true });
    for (let copy = 0; copy < copies; copy++) {
      linkSync(join(from, name), join(to, folder, `${file}-${copy}.JPEG`));
    }
  }
}

/** What each layer takes, of ours and of PyTorch's. */
async function profile(run: Run): Promise<void> {
  const { profiled, batches, precision, inputSize } = run.day.sizes;
  const { python, device, cores } = run.day;
  const lines: string[] = [];
  const profiles: BenchmarkResult[] = [];
  for (const arch of profiled) {
    const batch = String(batches[0]);
    const common = ['--arch', arch, '--batch-size', batch, '--precision', precision];
    if (inputSize !== undefined) common.push('--input-size', String(inputSize));
    const own = ['--backend', 'cuda', '--profile', '--json', '--steps', '10'];
    const result = JSON.parse(await run.cnn('bench', 'train', ...common, ...own));
    profiles.push(result);
    run.write('profile.json', JSON.stringify(profiles));
    const { images_per_second } = result as BenchmarkResult;
    lines.push(`- ${arch}, batches of ${batch}: ${images_per_second.toFixed(1)} images/s`);
    run.tell(lines.join('\n'));
    const peer = ['--profile', '--steps', '10', '--device', device, '--threads', String(cores)];
    // Its table is in the log.
    await run.task([python, 'bench/pytorch.py', ...common, ...peer]);
  }
}

/** Our backend cpu by threads. */
async function cpu(run: Run): Promise<void> {
  const { arch, batch, threads } = run.day.sizes.cpu;
  const lines = ['| threads | precision | images/s |', '| --- | --- | --- |'];
  for (const count of threads.filter((count) => count <= run.day.cores)) {
    for (const precision of ['f32', 'bf16']) {
      const output = await run.cnn(
        ...['bench', 'train', '--arch', arch, '--backend', 'cpu', '--precision', precision],
        ...['--threads', String(count), '--batch-size', String(batch), '--json'],
        ...['--warmup', '1', '--steps', '3'],
      );
      const { images_per_second } = JSON.parse(output) as BenchmarkResult;
      lines.push(`| ${count} | ${precision} | ${images_per_second.toFixed(1)} |`);
      run.tell(lines.join('\n'));
    }
  }
}

export function partsOf(cells: readonly Cell[], peers: () => Peers): Part[] {
  return [
    { name: 'device', seconds: 60, run: describe },
    { name: 'sanitizer', seconds: 90, run: runSanitized },
    { name: 'tests', seconds: 110, run: runTests },
    { name: 'benchmark', seconds: 220, run: (run) => benchmark(run, peers(), cells) },
    { name: 'profile', seconds: 60, run: profile },
    { name: 'training', seconds: 50, run: train },
    { name: 'decoding', seconds: 30, run: decode },
    { name: 'cpu', seconds: 50, run: cpu },
  ];
}
