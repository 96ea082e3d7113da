import { isDeepStrictEqual } from 'node:util';
import { type Architecture, findArchitecture } from '../archs/index.js';
import { counted } from '../counted.js';
import { lastingName } from '../data/open-dataset.js';
import { connectToLauncher } from '../distributed/launch/telling.js';
import { launchedBy } from '../distributed/launcher.js';
import { openWorld } from '../distributed/open-world.js';
import { rankReporter } from '../distributed/rank-reporter.js';
import { UsageError } from '../errors.js';
import { checkArchitecture } from '../evaluate/trained-model.js';
import { estimateMemory } from '../measure/memory.js';
import { type Checkpoint, hasCheckpoint, openCheckpoint } from '../runs/checkpoint/open.js';
import { findRun, type RunDirectory, readRecord } from '../runs/run-directory.js';
import { dataOf } from '../runs/run-selection.js';
import { accuracyLine } from '../session/metrics.js';
import { architectureOfCard } from '../session/network-card.js';
import type { Reporter } from '../session/reporter.js';
import { checkTogether } from '../settings/conflicts.js';
import { describeOrigin, describeSetting } from '../settings/describe-origin.js';
import type { Given } from '../settings/given.js';
import { givenSources, givenValue } from '../settings/given.js';
import type { OptionName } from '../settings/options/index.js';
import { type Provenance, resolveSettings, type SettingsSource } from '../settings/resolve.js';
import { isGiven, resolveTraining } from '../settings/resolve-training.js';
import type { Origin } from '../settings/types.js';
import { checkValues } from '../settings/validate.js';
import { absolutePath } from '../system/file-names.js';
import { exists } from '../system/files.js';
import { createReporter } from '../terminal/progress.js';
import { table } from '../terminal/table.js';
import { type DryRun, dryRun } from '../train/opening/dry-run.js';
import { dataLine, networkLine, timeLine } from '../train/opening/outlook-lines.js';
import type { ImageLimits, TrainRequest } from '../train/start/request.js';
import { type TrainResult, train } from '../train/train.js';
import { verdictLines } from '../train/verdict.js';
import { givenArchitecture } from './architecture.js';
import type { Result } from './command.js';
import { required } from './require.js';
import { withWorld } from './with-world.js';

/** Settings that cannot change in a resumed run. */
const FIXED: readonly OptionName[] = [
  'arch-options',
  'batch-size',
  'grad-accum-steps',
  'recipe',
  'opt',
  'ema-decay',
  'aux-weight',
  'input-size',
  'channels',
  'mean',
  'std',
  'stats',
  'resize-size',
  'exif-rotate',
  'val-fraction',
  'subset',
  'classes',
  'seed',
  'weights',
  'freeze',
  'frozen-epochs',
];

/** Origins of settings that someone gave to this start of the program. */
const GIVEN: readonly Origin[] = ['config', 'environment', 'flag'];

/** What the first runs, which did not keep it yet, were trained with. */
export const FIRST_RUNS = {
  opt: 'sgd',
  'lr-warmup-method': 'linear',
  'lr-warmup-decay': null,
  'cycle-momentum': false,
  'train-crop-size': null,
};

/** Settings of one start of the program, which a run does not keep. */
export const NOT_STORED: readonly OptionName[] = [
  'resume',
  'output',
  'experiment',
  'dry-run',
  'verify-resume',
  'smoke',
  'model-parallel',
];

/** Where a run writes besides its directory: a record must not choose it. */
export const WRITTEN: readonly OptionName[] = ['weights-out', 'mlflow'];

/** `limits` takes a part of the images. */
export async function runTrain(
  given: Given,
  reporter = createReporter(),
  limits?: ImageLimits,
): Promise<Result<TrainResult>> {
  const request = await givenRequest(given, reporter);
  const { dryRun, verifyResume, smoke } = request.settings;
  if (dryRun || verifyResume || smoke) {
    const flag = dryRun ? '--dry-run' : verifyResume ? '--verify-resume' : '--smoke';
    throw new UsageError(`Expected a training but received ${flag}, which only cnn train takes`);
  }
  return trained({ ...request, ...(limits && { limits }) }, reporter);
}

/** `cnn train`, which with --dry-run only estimates. */
export async function runTrainOrEstimate(given: Given): Promise<Result> {
  const launched = launchedBy();
  connectToLauncher(launched);
  const reporter = rankReporter(createReporter(), launched);
  return trainedOrEstimated(await givenRequest(given, reporter), reporter);
}

export async function trainedOrEstimated(
  request: TrainRequest,
  reporter: Reporter,
): Promise<Result> {
  if (request.settings.smoke) {
    throw new UsageError('Expected --smoke as a flag of cnn train but received it in a file');
  }
  if (!request.settings.dryRun) return trained(request, reporter);
  const estimate = await dryRun(request, reporter);
  return { lines: estimateLines(estimate), json: estimateFacts(estimate) };
}

export async function trained(
  request: TrainRequest,
  reporter: Reporter,
): Promise<Result<TrainResult>> {
  const world = await openWorld(request.settings.distTimeout, reporter);
  const result = await withWorld(world, () => train({ ...request, world }, reporter));
  if (!world.leads) return { lines: [], json: result, silent: true };
  const next = nextCommands(result, request);
  return { lines: resultLines(result), json: result, next };
}

function resultLines({ run, best, part, average, verdict, ...last }: TrainResult): string[] {
  const epochs = counted(last.epochs, 'epoch');
  const partText = part && `${part.steps} of the ${part.of} steps of epoch ${last.epochs + 1}`;
  const done = [...(last.epochs > 0 || !partText ? [epochs] : []), ...(partText ? [partText] : [])];
  const steps = last.epochs > 0 || !partText ? `, ${counted(last.steps, 'step')}` : '';
  return [
    `run ${run}: ${done.join(' and ')}${steps}${bestText(best, last)}`,
    ...(average ? [`averaged weights:${accuracyLine(average).replace(' *', '')}`] : []),
    ...(verdict ? verdictLines(verdict) : []),
    accuracyLine(last),
  ];
}

/** Says which epoch was the best, unless there was only a part of one. */
function bestText(best: TrainResult['best'], { epochs }: Pick<TrainResult, 'epochs'>): string {
  if (epochs === 0) return '';
  const where =
    best.epoch > epochs ? `in that part of epoch ${best.epoch}` : `in epoch ${best.epoch}`;
  const of = best.averaged ? ' of the averaged weights' : '';
  return `, best Acc@1 ${best.top1.toFixed(3)}${of} ${where}`;
}

/** What people do with a run next. */
function nextCommands(
  { run, steps, average }: TrainResult,
  { architecture, data, settings }: TrainRequest,
): string[] {
  const quoted = shellWord(run);
  const ema = average ? ' --ema' : '';
  const { epochs, maxSteps } = settings;
  const more = maxSteps === steps ? `--max-steps ${2 * maxSteps}` : `--epochs ${2 * epochs}`;
  return [
    `cnn eval --checkpoint ${quoted}${ema} --data ${shellWord(data)}`,
    `cnn report ${quoted}${ema}`,
    `cnn predict --checkpoint ${quoted}${ema} image.png`,
    `cnn export ${quoted}${ema} --output ${architecture.name}.safetensors`,
    `cnn train --resume ${quoted} ${more}`,
  ];
}

/** A word that a shell takes as it is, or in quotes. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export async function givenRequest(given: Given, reporter: Reporter): Promise<TrainRequest> {
  const request = await trainRequest(given);
  noteChanges(request, reporter);
  return request;
}

/** Says in what a resumed run is not as it was. */
export function noteChanges({ resume, provenance }: TrainRequest, reporter: Reporter): void {
  for (const name of WRITTEN) {
    const before = resume?.record.settings[name]?.value ?? null;
    if (before === null || provenance[name]?.value !== null) continue;
    reporter.note(
      `--${name} is not taken from ${resume?.run.record}: give it again if you want it`,
    );
  }
  for (const [name, entry] of Object.entries(resume?.changed ?? {})) {
    reporter.note(`changed: ${name} is ${entry.value}`);
  }
}

async function trainRequest(given: Given): Promise<TrainRequest> {
  const sources = (await givenSources('train', given)).map(withLastingData);
  const path = givenValue(sources, 'resume');
  if (path !== null) return resumeRequest(path, sources);
  const architecture = givenArchitecture(sources, '--arch lenet5 (see cnn archs)');
  const data = required(givenValue(sources, 'data'), '--data', '--data mnist');
  const { settings, provenance } = resolveTraining(architecture, sources);
  return { settings, provenance, architecture, data, estimateMemory };
}

/** The settings with the dataset as it is found from any directory: a run may be resumed from another. */
export function withLastingData(source: SettingsSource): SettingsSource {
  const { data, labels } = source.values;
  const lasting = {
    ...(typeof data === 'string' && { data: lastingName(data) }),
    ...(typeof labels === 'string' && { labels: absolutePath(labels) }),
  };
  return { ...source, values: { ...source.values, ...lasting } };
}

export async function resumeRequest(
  path: string,
  given: readonly SettingsSource[],
): Promise<TrainRequest> {
  const run = await findRun(path);
  const record = await readRecord(run);
  const checkpoint = await checkpointOf(path, run);
  const values = Object.entries(record.settings)
    .filter(([name]) => ![...WRITTEN, 'model-parallel'].includes(name))
    .map(([name, entry]) => [name, entry.value]);
  const stored: SettingsSource = {
    values: checkValues('train', { ...FIRST_RUNS, ...Object.fromEntries(values) }, run.record),
    source: (name) => record.settings[name]?.source ?? 'default',
    where: (name) => record.settings[name]?.where,
  };
  const architecture = architectureOf(checkpoint, stored, given);
  const { settings, provenance } = resolveSettings('train', [stored, ...given], architecture);
  checkTogether(settings, isGiven(given), architecture);
  const changed = changes(record.settings, provenance);
  for (const name of FIXED) {
    const entry = changed[name];
    if (entry === undefined) continue;
    throw new UsageError(
      `--${name} cannot change from ${record.settings[name]?.value} to ${entry.value} ` +
        'in a resumed run; start a new run instead',
    );
  }
  const data = givenValue(given, 'data') ?? dataOf(record, run);
  return {
    ...{ settings, provenance, architecture, data, estimateMemory },
    resume: { run, record, checkpoint, changed },
  };
}

/** The checkpoint to resume from; undefined where a run was ended before it had one. */
async function checkpointOf(path: string, run: RunDirectory): Promise<Checkpoint | undefined> {
  const none = path === run.path && !(await hasCheckpoint(run)) && !(await exists(run.best));
  return none ? undefined : openCheckpoint(path);
}

/** The network of a run, which cannot change. */
function architectureOf(
  checkpoint: Checkpoint | undefined,
  stored: SettingsSource,
  given: readonly SettingsSource[],
): Architecture {
  const asked = givenValue(given, 'arch');
  if (checkpoint !== undefined) {
    checkArchitecture(checkpoint, asked);
    return architectureOfCard(checkpoint.state.network);
  }
  const known = givenArchitecture([stored], '--arch lenet5');
  if (asked === null || findArchitecture(asked).name === known.name) return known;
  throw new UsageError(
    `--arch cannot change from ${known.name} to ${asked} in a resumed run; start a new run instead`,
  );
}

/** The settings that changed. */
function changes(before: Provenance, after: Provenance): Provenance {
  const names = (Object.keys(after) as OptionName[]).filter(
    (name) => ![...NOT_STORED, ...WRITTEN, 'arch'].includes(name),
  );
  const changed = names.filter((name) => {
    const [known, now] = [before[name], after[name]];
    // A setting that did not exist when the run was made has changed only if it is given.
    if (known === undefined) return now !== undefined && GIVEN.includes(now.source);
    return !isDeepStrictEqual(known.value, now?.value);
  });
  return Object.fromEntries(changed.map((name) => [name, after[name]]));
}

function estimateLines({ opening, expectation, advice, end, settings }: DryRun): string[] {
  return [
    ...[networkLine(opening), dataLine(opening), timeLine(opening, expectation, advice, end)],
    '',
    ...settingLines(settings),
  ];
}

/** A row for each setting, with where it came from. */
function settingLines(settings: Provenance): string[] {
  const rows = Object.entries(settings).map(([name, setting]) => {
    return [name, describeSetting(setting.value), describeOrigin(setting)];
  });
  const header = ['setting', 'value', 'from'];
  return table([header, ...rows], { alignment: ['left', 'left', 'left'], cut: 1 });
}

function estimateFacts({ opening, expectation, advice, settings }: DryRun) {
  return {
    arch: opening.arch,
    arch_options: opening.archOptions,
    parameters: opening.parameters,
    macs: opening.macs,
    backend: opening.backend,
    precision: opening.precision,
    /** Null where only a part of them is known. */
    step_bytes: opening.stepBytes,
    batch_size: opening.batchSize,
    input_size: opening.inputSize,
    train_crop_size: opening.trainCropSize,
    channels: opening.channels,
    data: opening.data,
    training_images: opening.trainingImages,
    validation_images: opening.validationImages,
    classes: opening.classes,
    epochs: opening.epochs,
    steps_per_epoch: opening.stepsPerEpoch,
    steps: opening.steps,
    images_per_second: expectation.imagesPerSecond,
    data_wait_percent: expectation.dataWaitPercent,
    limit: expectation.limit,
    advice: expectation.limit === 'decoding' ? advice : '',
    first_epoch_seconds: expectation.firstEpochSeconds,
    epoch_seconds: expectation.epochSeconds,
    seconds: expectation.seconds,
    settings,
  };
}
