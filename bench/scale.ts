/**
 * The cost of scale: images per second and memory of our training step by batch size and by input
 * size, each point in a process of its own. Writes bench/results/scale-<commit>.csv and a plot of it
 * beside, and fails where speed falls off a cliff.
 *
 *     npm run bench:scale -- --arch resnet50 --precision bf16
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { parseArgs } from 'node:util';
import { findArchitecture } from '../src/archs/index.js';
import { cliffs } from './cliffs.js';
import { type Measured, startOwn, type Work } from './program.js';
import { append, commit, hardware, main, version, warnOfLoad } from './rounds.js';

const USAGE = `npm run bench:scale -- --arch NAME [options]

  --arch NAME       may be given several times
  --precision P     bf16 (default) or f32; may be given several times
  --batches LIST    default 1,2,4,8,16,32,64,128, at the network's input size
  --inputs LIST     default 64,128,192,256,320,384,448, or none for networks of small images
  --batch-size N    of the input sizes; default 8
  --seconds N       of a point, at least; default 2
  --threads N       default: the cores of this machine
  --backend NAME    default cpu`;

// biome-ignore format: a table
const COLUMNS = [
  'date', 'commit', 'hardware', 'program', 'version', 'arch', 'precision', 'threads', 'curve',
  'batch_size', 'input_size', 'images_per_second', 'milliseconds_per_step', 'peak_bytes',
  'peak_resident_bytes',
];

/** Networks of smaller ones are not meant to grow with their input. */
const LARGE_IMAGES = 64;

interface Size {
  readonly batch_size: number;
  readonly input_size: number;
}

type ScalePoint = Size & Measured;

async function scale(): Promise<void> {
  const options = readOptions();
  warnOfLoad();
  const hash = commit();
  rmSync(new URL(`results/scale-${hash}.csv`, import.meta.url), { force: true });
  let file = '';
  let fallen = 0;
  for (const { name, curve, work, sizes } of curvesOf(options)) {
    const points = await measureCurve(name, work, sizes, options);
    if (points.length === 0) continue;
    const common = { date: new Date().toISOString(), commit: hash, hardware, curve };
    const program = { program: `cnn-${options.backend}`, version: version() };
    const rows = points.map((point) => ({ ...common, ...program, ...work, ...point }));
    file = await append(`scale-${hash}`, COLUMNS, rows);
    for (const [before, after] of cliffs(points)) {
      console.log(`${name}: a cliff from ${describe(before)} to ${describe(after)}`);
      fallen++;
    }
  }
  if (file === '') throw new Error('Expected a size to measure: --batches and --inputs name none');
  const plot = file.replace(/csv$/, 'svg');
  execFileSync(process.execPath, ['bench/plot.js', file, plot], { stdio: 'inherit' });
  console.log(`${file} and ${plot}: ${fallen === 0 ? 'no cliff' : `${fallen} cliffs`}`);
  if (fallen > 0) process.exitCode = 1;
}

function curvesOf({ archs, precisions, threads, batches, inputs, batchSize }: Options) {
  return archs.flatMap((arch) =>
    precisions.flatMap((precision) => {
      const { name, size } = findArchitecture(arch);
      const work = { arch: name, precision, threads, aux_weight: 0 };
      const curve = (of: string, sizes: Size[]) => ({
        ...{ name: `${name} in ${precision} by ${of}`, curve: of, work, sizes },
      });
      return [
        curve(
          'batch size',
          batches.map((batch_size) => ({ batch_size, input_size: size })),
        ),
        curve(
          'input size',
          size < LARGE_IMAGES
            ? []
            : inputs.map((input_size) => ({ batch_size: batchSize, input_size })),
        ),
      ];
    }),
  );
}

async function measureCurve(
  name: string,
  work: Omit<Work, 'batch_size'>,
  sizes: readonly Size[],
  { backend, seconds }: Options,
): Promise<ScalePoint[]> {
  const points: ScalePoint[] = [];
  let bytesPerPixel = 0;
  for (const size of sizes) {
    const pixels = size.batch_size * size.input_size ** 2;
    if (bytesPerPixel * pixels > freemem()) {
      console.error(`${name}: no memory for ${size.batch_size} of ${size.input_size} pixels`);
      break;
    }
    const program = await startOwn({ ...work, ...size }, backend);
    await program.measure({ warmup: 1, steps: 1, seconds: Math.min(seconds, 1) });
    const point = { ...size, ...(await program.measure({ warmup: 0, steps: 2, seconds })) };
    await program.close();
    console.error(`${name}: ${describe(point)}`);
    points.push(point);
    bytesPerPixel = (point.peak_bytes ?? 0) / pixels;
  }
  return points;
}

function describe(point: ScalePoint): string {
  const { batch_size, input_size, images_per_second, peak_resident_bytes } = point;
  const mebibytes = (peak_resident_bytes / 2 ** 20).toFixed(0);
  return `${batch_size} of ${input_size} pixels (${images_per_second.toFixed(1)} images/s, ${mebibytes} MiB)`;
}

type Options = ReturnType<typeof readOptions>;

function readOptions() {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      arch: { ...text, multiple: true },
      precision: { ...text, multiple: true, default: ['bf16'] },
      batches: { ...text, default: '1,2,4,8,16,32,64,128' },
      inputs: { ...text, default: '64,128,192,256,320,384,448' },
      'batch-size': { ...text, default: '8' },
      seconds: { ...text, default: '2' },
      threads: { ...text, default: String(availableParallelism()) },
      backend: { ...text, default: 'cpu' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  if (values.arch === undefined) throw new Error(`Expected --arch\n\n${USAGE}`);
  const list = (given: string) => given.split(',').filter(Boolean).map(Number);
  return {
    archs: values.arch,
    precisions: values.precision,
    batches: list(values.batches),
    inputs: list(values.inputs),
    batchSize: Number(values['batch-size']),
    seconds: Number(values.seconds),
    threads: Number(values.threads),
    backend: values.backend,
  };
}

await main(scale);
