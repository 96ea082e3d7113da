/** A network whose layers two processes compute together, each one half of the channels. */
import * as tf from '@tensorflow/tfjs-core';
import { type Architecture, type Half, withoutDrawing } from '../../archs/index.js';
import type { World } from '../../distributed/world.js';
import { UsageError } from '../../errors.js';
import { Network } from '../../network/network.js';
import { Optimizer, type OptimizerSettings } from '../../network/optimizer.js';
import type { Session } from '../../session/session.js';
import type { OptionName } from '../../settings/options/index.js';
import type { Settings } from '../../settings/types.js';
import { setDropout } from './dropout.js';

const PROCESSES = 2;

type Training = Settings<'train'>;

/** What needs all weights or gradients of a layer in one process, or another network beside it. */
const UNABLE: readonly (readonly [OptionName, (settings: Training) => boolean])[] = [
  ['opt', ({ opt }) => opt === 'lars' || opt === 'lamb'],
  ['clip-grad-norm', ({ clipGradNorm }) => clipGradNorm !== null],
  ['grad-accum-steps', ({ gradAccumSteps }) => gradAccumSteps > 1],
  ['ema-decay', ({ emaDecay }) => emaDecay !== null],
  ['freeze', ({ freeze }) => freeze !== null],
  ['frozen-epochs', ({ frozenEpochs }) => frozenEpochs > 0],
  [
    'train-crop-size',
    (settings) => (settings.trainCropSize ?? settings.inputSize) !== settings.inputSize,
  ],
  ['rollback', ({ rollback }) => rollback > 0],
  ['dist-bf16', ({ distBf16 }) => distBf16],
];

/** Throws a UsageError where --model-parallel cannot divide this training. */
export function checkModelParallel(
  { size }: Pick<World, 'size'>,
  { name, halves }: Pick<Architecture, 'name' | 'halves'>,
  settings: Training,
): void {
  if (settings.modelParallel === 1) return;
  if (halves === undefined) {
    throw new UsageError(
      `--model-parallel ${PROCESSES} divides alexnet and alexnet-1gpu alone but received --arch ${name}: without it the processes divide each batch`,
    );
  }
  if (size !== PROCESSES) {
    const found = size === 1 ? 'one process' : `${size} processes`;
    throw new UsageError(
      `Expected ${PROCESSES} processes for --model-parallel ${PROCESSES} but there ${size === 1 ? 'is' : 'are'} ${found}: start them by cnn launch -n ${PROCESSES} -- train …`,
    );
  }
  const unable = UNABLE.find(([, asks]) => asks(settings));
  if (unable === undefined) return;
  throw new UsageError(
    `--model-parallel ${PROCESSES} cannot train with --${unable[0]} as it is set: leave one of them out`,
  );
}

/** A variable of the network, and the part of it that this process trains. */
interface Pair {
  readonly whole: tf.Variable;
  readonly own: tf.Variable;
}

/** The half of a network that this process trains. */
export interface ModelHalf {
  readonly network: Network;
  readonly optimizer: Optimizer;
  /** Variables that both processes train alike. */
  readonly alike: readonly tf.Variable[];
  /** Gives both processes all that either has trained. */
  gather(): Promise<void>;
  /** Continues from what the network and its optimizer are. */
  scatter(): Promise<void>;
}

/** Divides a network; `optimizer` is that of all its weights, whose state checkpoints keep. */
export function divideModel(
  world: World,
  architecture: Architecture,
  { session, optimizer: whole }: { readonly session: Session; readonly optimizer: Optimizer },
  settings: Pick<Training, 'dropout'> & { readonly changing: OptimizerSettings },
): ModelHalf {
  const half = world.rank as Half;
  const { channels, inputSize: size, classes } = session.card;
  const options = { classes: classes.length, channels, size, seed: 0, half };
  const model = withoutDrawing(() => architecture.build(options));
  if (settings.dropout !== null) setDropout(model, settings.dropout);
  const network = new Network(model);
  const optimizer = new Optimizer(network.weights, settings.changing);
  const pairs = [
    ...pairsOf(variablesOf(session.network), variablesOf(network)),
    ...pairsOf(tensorsOf(whole), tensorsOf(optimizer)),
  ];
  return {
    ...{ network, optimizer },
    alike: pairs.filter(isAlike).map(({ own }) => own),
    async gather() {
      for (const { whole, own } of pairs) {
        const values = (await own.data()) as Float32Array;
        const of = isAlike({ whole, own }) ? [values] : await world.values(values);
        assign(whole, joinedRows(of, own.shape.at(-1) as number));
      }
    },
    async scatter() {
      for (const { whole, own } of pairs) {
        const values = (await whole.data()) as Float32Array;
        const width = own.shape.at(-1) as number;
        assign(own, isAlike({ whole, own }) ? values : rowsOf(values, width, half));
      }
    },
  };
}

function isAlike({ whole, own }: Pair): boolean {
  return whole.size === own.size;
}

type Named = readonly (readonly [string, tf.Variable])[];

function variablesOf({ weights }: Network): Named {
  return weights.map(({ name, variable }) => [name, variable]);
}

function tensorsOf({ named }: Optimizer): Named {
  return named.map(({ name, tensor }) => [name, tensor]);
}

/** Variables of one name; what is divided is the last axis. */
function pairsOf(wholes: Named, owns: Named): Pair[] {
  const found = new Map(wholes);
  return owns.map(([name, own]) => {
    const whole = found.get(name);
    const shape = own.shape.with(-1, whole?.shape.at(-1) as number).join();
    if (whole !== undefined && whole.shape.join() === shape) return { whole, own };
    throw new Error(`Expected a half of ${whole?.shape} for ${name} but it is ${own.shape}`);
  });
}

function assign(variable: tf.Variable, values: Float32Array): void {
  const tensor = tf.tensor(values, variable.shape);
  variable.assign(tensor);
  tensor.dispose();
}

/** Of each row of `width` values the halves side by side. */
function joinedRows(parts: readonly Float32Array[], width: number): Float32Array {
  const [first] = parts as [Float32Array];
  const joined = new Float32Array(parts.length * first.length);
  for (let from = 0, to = 0; from < first.length; from += width) {
    for (const part of parts) {
      joined.set(part.subarray(from, from + width), to);
      to += width;
    }
  }
  return joined;
}

/** One half of each row. */
function rowsOf(values: Float32Array, width: number, half: Half): Float32Array {
  const own = new Float32Array(values.length / PROCESSES);
  for (let to = 0, from = half * width; to < own.length; to += width, from += PROCESSES * width) {
    own.set(values.subarray(from, from + width), to);
  }
  return own;
}
