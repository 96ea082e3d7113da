/** The three lines before a training: the network, the data, and how long it takes. */
import { titleOf } from '../../archs/index.js';
import { clock, duration } from '../../time.js';
import type { Expectation } from './outlook.js';

/** What is known before the first step. */
export interface Opening {
  readonly arch: string;
  /** Those that are not the defaults. */
  readonly archOptions: readonly string[];
  readonly parameters: number;
  /** Multiply-adds of one image. */
  readonly macs: number;
  readonly backend: string;
  readonly precision: 'f32' | 'bf16';
  /** Memory of a training step; null where only a part of it, `leastBytes`, is known. */
  readonly stepBytes: number | null;
  readonly leastBytes: number;
  readonly batchSize: number;
  readonly data: string;
  readonly trainingImages: number;
  readonly validationImages: number;
  readonly classes: number;
  readonly inputSize: number;
  readonly trainCropSize: number;
  readonly channels: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  /** Steps of the whole run, with --max-steps those. */
  readonly steps: number;
}

export function networkLine(opening: Opening): string {
  const { arch, archOptions, parameters, macs, stepBytes, leastBytes, batchSize, precision } =
    opening;
  const title = titleOf({ name: arch, given: archOptions });
  const memory = stepBytes === null ? `at least ${size(leastBytes)}` : size(stepBytes);
  return (
    `network  ${title}: ${grouped(parameters)} parameters, ${gmacs(macs)} GMACs, ` +
    `${memory} a step of ${batchSize} in ${precision}`
  );
}

export function dataLine(opening: Opening): string {
  const { data, trainingImages, validationImages, classes, inputSize, channels } = opening;
  const { trainCropSize } = opening;
  const image = (size: number) => `${size}×${size}×${channels}`;
  const seen =
    trainCropSize === inputSize
      ? `seen at ${image(inputSize)}`
      : `trained at ${image(trainCropSize)} and evaluated at ${image(inputSize)}`;
  return (
    `data     ${data}: ${grouped(trainingImages)} + ${grouped(validationImages)} images, ` +
    `${grouped(classes)} classes, ${seen}`
  );
}

/** `advice`: what makes decoding faster. `now`: when the run has the seconds of `left` before it. */
export function timeLine(
  { epochs, stepsPerEpoch, steps }: Pick<Opening, 'epochs' | 'stepsPerEpoch' | 'steps'>,
  expectation: Expectation,
  advice: string,
  end: Date,
): string {
  const { firstEpochSeconds, epochSeconds, seconds, imagesPerSecond } = expectation;
  const several = steps > stepsPerEpoch && epochs > 1;
  const alike = firstEpochSeconds < 1.25 * epochSeconds;
  const first = duration(firstEpochSeconds);
  const each = alike
    ? `${first} an epoch`
    : `${first} the first epoch, ${duration(epochSeconds)} each later one`;
  const all = `${duration(seconds)} in all, ends ${clock(end)}`;
  const rate =
    imagesPerSecond < 10 ? imagesPerSecond.toFixed(1) : grouped(Math.round(imagesPerSecond));
  return `time     about ${several ? `${each}, ` : ''}${all}; ${rate} images/s, ${limitText(expectation, advice)}`;
}

/** What limits the speed, and what to do about it. */
export function limitText(
  { limit, dataWaitPercent }: Pick<Expectation, 'limit' | 'dataWaitPercent'>,
  advice: string,
): string {
  const waiting = `waiting for images ${dataWaitPercent.toFixed(0)} % of the time`;
  if (limit === 'computing') return `computing limits (${waiting})`;
  return `${waiting}: decoding limits${advice === '' ? '' : `; ${advice}`}`;
}

function grouped(count: number): string {
  return count.toLocaleString('en');
}

/** As `cnn archs` lists them. */
function gmacs(macs: number): string {
  return String(Number((macs / 1e9).toPrecision(3)));
}

function size(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
