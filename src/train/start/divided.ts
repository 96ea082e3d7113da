/** How several processes divide a training, and what one of them cannot do. */
import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import type * as tf from '@tensorflow/tfjs-core';
import type { Backend } from '../../backend/index.js';
import { NativeBackend } from '../../backend/native-backend.js';
import type { Dataset, Split } from '../../data/dataset.js';
import { checkSame, DATA_FINGERPRINT } from '../../distributed/same-start.js';
import { shareOf, type World } from '../../distributed/world.js';
import { UsageError } from '../../errors.js';
import { packageVersion } from '../../package-root.js';
import type { Reporter } from '../../session/reporter.js';
import type { OptionName } from '../../settings/options/index.js';
import type { TrainRequest } from './request.js';

/** Settings that each process may have of its own. */
const OWN: readonly OptionName[] = [
  ...(['data', 'workers', 'threads', 'cache', 'output', 'mlflow', 'tensorboard'] as const),
  ...(['profile', 'trace'] as const),
];

/** Has the leader do something before all others: it may leave on the disk what they then find. */
export async function leaderFirst<T>(world: World, what: () => Promise<T>): Promise<T> {
  if (world.size === 1) return what();
  const early = world.leads ? await what() : undefined;
  await world.agree();
  return world.leads ? (early as T) : what();
}

/** Throws where processes differ in what makes the network. */
export async function checkAlike(
  world: World,
  {
    settings,
    provenance,
    architecture,
  }: Pick<TrainRequest, 'provenance' | 'architecture'> & {
    readonly settings: { readonly seed: number };
  },
): Promise<void> {
  const names = (Object.keys(provenance) as OptionName[]).filter((name) => !OWN.includes(name));
  const given = names.map((name) => [`--${name}`, provenance[name]?.value]);
  await checkSame(world, {
    'the version of cnn': packageVersion(),
    'the network': architecture.name,
    ...Object.fromEntries(given),
    'the order of bytes': new Uint8Array(Uint16Array.of(1).buffer)[0],
    '--seed': settings.seed,
  });
}

/** Throws where processes have different data. */
export async function checkData(
  world: World,
  { fingerprint }: Pick<Dataset, 'fingerprint'>,
): Promise<void> {
  await checkSame(world, { [DATA_FINGERPRINT]: shortened(fingerprint) });
}

function shortened(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** Throws where there is less to divide than there are processes. */
export function checkDivisible(
  { size }: Pick<World, 'size'>,
  batchSize: number,
  { val }: Pick<Dataset, 'val'>,
): void {
  checkBatch({ size }, batchSize);
  if (size === 1 || val.images.length >= size) return;
  throw new UsageError(
    `Expected at least one validation image for each of ${size} processes but found ${val.images.length}: start fewer`,
  );
}

/** Throws where a batch has fewer images than there are processes. */
export function checkBatch({ size }: Pick<World, 'size'>, batchSize: number): void {
  if (batchSize >= size) return;
  throw new UsageError(
    `Expected --batch-size, the images of a step of all processes together, to be at least ${size}, the processes, but received ${batchSize}`,
  );
}

/** The images of a split that this process evaluates. */
export function ownPart(world: World, { images, labels }: Split): Split {
  if (world.size === 1) return { images, labels };
  const { first, count } = world.share(images.length);
  return {
    images: {
      length: count,
      name: (index) => images.name(first + index),
      locate: (index) => images.locate(first + index),
    },
    labels: labels.subarray(first, first + count),
  };
}

/** Threads that compute; several processes divide the cores of their machine. */
export function threadsOf(
  { size, cores }: Pick<World, 'size' | 'cores'>,
  { threads }: { readonly threads: number | null },
): number | null {
  return threads ?? (size > 1 ? cores : null);
}

/** Has the backend sum gradients over all processes, and says how they divide the work. */
export async function joinWorld(
  world: World,
  backend: Backend,
  { batchSize, modelParallel = 1 }: { readonly batchSize: number; readonly modelParallel?: number },
  reporter: Pick<Reporter, 'note' | 'warn'>,
): Promise<void> {
  if (world.size === 1) return;
  const { device } = backend;
  if (backend.name !== 'cpu' || !(device instanceof NativeBackend) || !world.handle) {
    throw new UsageError(
      `Several processes train together on --backend cpu alone, but ${backend.name} computes here`,
    );
  }
  // Without these an optimizer rounds products that are added; AVX2 and AVX-512 give the same bits.
  const fused = !device.queue.description.startsWith('generic');
  await checkSame(world, {
    'whether kernels fuse multiplication and addition (CNN_MAX_ISA=generic on all: none does)':
      fused,
  });
  device.queue.join(world.handle);
  const ranks = Array.from({ length: world.size }, (_, rank) => rank);
  const parts = ranks.map((rank) => shareOf(rank, world.size, batchSize).count);
  const even = parts.every((part) => part === parts[0]);
  const divided = even ? `${world.size} processes × ${parts[0]}` : parts.join(' + ');
  const split = modelParallel > 1 ? ', a half of each layer on each' : ` = ${divided}`;
  reporter.note(`${world.description}: ${batchSize} images a step${split}`);
  if (world.cores * world.localSize >= cpus().length) return;
  reporter.warn(
    `the processes of this machine take ${world.cores * world.localSize} of its ${cpus().length} cores, to which the launcher binds them: mpirun --bind-to none leaves them all`,
  );
}

/** The variables that each process has its own values of: statistics, and their moving average. */
export function ownVariables(
  weights: readonly { readonly originalName: string; readonly variable: tf.Variable }[],
  trained: ReadonlySet<number>,
  averages: readonly { readonly name: string; readonly tensor: tf.Variable }[],
): tf.Variable[] {
  const own = weights.filter(({ variable }) => !trained.has(variable.id));
  const names = new Set(own.map(({ originalName }) => originalName));
  const averaged = averages.filter(({ name }) => names.has(name.slice(name.indexOf('/') + 1)));
  return [...own.map(({ variable }) => variable), ...averaged.map(({ tensor }) => tensor)];
}
