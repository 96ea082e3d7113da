import { counted } from '../counted.js';
import { tellLauncher } from '../distributed/launch/telling.js';
import { SOLO, type World } from '../distributed/world.js';
import { LostProcessError, UsageError } from '../errors.js';
import { isImageNet } from '../evaluate/imagenet.js';
import { joinLoggers, type Logger } from '../loggers/logger.js';
import { openLoggers } from '../loggers/open-loggers.js';
import { hasCheckpoint } from '../runs/checkpoint/open.js';
import { NO_EVENTS, openEventLog } from '../runs/events.js';
import { lockRun } from '../runs/lock.js';
import { removeLeftovers, repairCheckpoints } from '../runs/repair.js';
import { type RunDirectory, runDirectory } from '../runs/run-directory.js';
import type { Progress } from '../runs/state.js';
import { writeWeights } from '../runs/weights-files.js';
import type { Scores } from '../session/metrics.js';
import { withFittingBatch } from '../session/out-of-memory.js';
import type { Reporter } from '../session/reporter.js';
import { warnFallbacks } from '../session/start-backend.js';
import type { Claim } from '../system/claim.js';
import { cannotWrite, isSystemError } from '../system/system-errors.js';
import { Agreement } from './agreement.js';
import { brokenOffBy, stoppedBy } from './endings.js';
import { followed } from './followed.js';
import { describeOpening, openOutlook } from './opening/opening.js';
import { dataLine, networkLine } from './opening/outlook-lines.js';
import { Saver } from './saving/saver.js';
import { createSentinel } from './sentinel/create-sentinel.js';
import { runWithRollbacks } from './sentinel/diverged.js';
import { IMPATIENT, listenForStop, type StopSignal } from './signals.js';
import { leaderFirst } from './start/divided.js';
import { type Prepared, prepareTraining } from './start/prepare.js';
import type { TrainRequest } from './start/request.js';
import { resumeRun, startRun } from './start/start-run.js';
import { type Achieved, type Verdict, verdictOf } from './verdict.js';

export interface TrainResult extends Scores {
  /** The directory of the run. */
  readonly run: string;
  /** Epochs that are complete. */
  readonly epochs: number;
  readonly steps: number;
  /** Of an epoch that --max-steps ended early: the steps taken, of how many. */
  readonly part?: { readonly steps: number; readonly of: number };
  readonly best: NonNullable<Progress['best']>;
  /** The last evaluation of the averaged weights, with --ema-decay. */
  readonly average?: Scores;
  /** On ImageNet: what was published beside it. */
  readonly verdict?: Verdict;
  /** Images that could not be read, in this start of the program. */
  readonly unreadable: { readonly training: number; readonly validation: number };
}

/** Trains a network and evaluates it after each epoch; returns the last evaluation. */
export async function train(request: TrainRequest, reporter: Reporter): Promise<TrainResult> {
  const { resume } = request;
  if (resume === undefined) return trainPrepared(request, reporter);
  const { world = SOLO } = request;
  const lock = world.leads ? await lockRun(resume.run) : undefined;
  try {
    const whole = await leaderFirst(world, () => repaired(resume, reporter));
    return await trainPrepared({ ...request, resume: whole }, reporter);
  } finally {
    await lock?.release();
  }
}

async function trainPrepared(given: TrainRequest, reporter: Reporter): Promise<TrainResult> {
  const prepared = await prepareTraining(given, reporter);
  const { request, session, world } = prepared;
  let lock: Claim | undefined;
  try {
    const opening = describeOpening(prepared);
    reporter.note(networkLine(opening));
    reporter.note(dataLine(opening));
    const run = request.resume?.run ?? (await startedRun(prepared));
    if (world.leads) {
      if (request.resume === undefined) lock = await lockRun(run);
      else await resumeRun(request.resume, prepared, reporter);
    }
    reporter.note(runLine(run, request));
    tellLauncher({ run: run.path });
    const logged = { ...request, step: prepared.start.step };
    const logger = world.leads ? await openLoggers(run, logged, reporter) : joinLoggers([]);
    const following = followed(logger, () => runUntilStopped(prepared, run, reporter, logger));
    const result = await following;
    const { weightsOut } = request.settings;
    if (weightsOut === null || !world.leads) return result;
    const { model, card } = session;
    await writeWeights(weightsOut, model, request.architecture, card).catch((error) => {
      const next = `cnn export ${run.path} --output ${weightsOut}`;
      throw cannotWrite(weightsOut, error, `The run is saved; write its weights with: ${next}`);
    });
    reporter.note(`weights of step ${result.steps} in ${weightsOut}`);
    return result;
  } finally {
    await lock?.release();
    await prepared.close();
  }
}

/** The run that the leader makes. */
async function startedRun(prepared: Prepared): Promise<RunDirectory> {
  const { world } = prepared;
  const path = world.leads ? (await startRun(prepared)).path : '';
  return runDirectory(await world.told(path));
}

/** The run to resume, once nothing else trains it, without what a killed process left. */
async function repaired(
  resume: NonNullable<TrainRequest['resume']>,
  { warn }: Pick<Reporter, 'warn'>,
): Promise<typeof resume> {
  const { run, checkpoint: known } = resume;
  await removeLeftovers(run);
  const saved = known ?? ((await hasCheckpoint(run)) ? { directory: run.last } : undefined);
  if (saved === undefined) return resume;
  const { checkpoint, findings } = await repairCheckpoints(run, saved);
  for (const finding of findings) warn(finding);
  return { ...resume, checkpoint };
}

function runLine({ path }: RunDirectory, { resume }: TrainRequest): string {
  if (resume === undefined) return `run ${path}`;
  const { checkpoint } = resume;
  if (checkpoint !== undefined) return `resumed ${path}`;
  return `resumed ${path}, which has no checkpoint yet: it begins again`;
}

/**
 * Runs the epochs with signals caught, and throws what ends in the signal's exit code after saving.
 */
async function runUntilStopped(
  prepared: Prepared,
  run: RunDirectory,
  reporter: Reporter,
  logger: Logger,
): Promise<TrainResult> {
  const { backend, schedule, trainLoader, valLoader } = prepared;
  const { settings } = prepared.request;
  const { world } = prepared;
  const sayStop = (signal: StopSignal) => {
    const more = IMPATIENT.includes(signal) ? '; once more ends at once' : '';
    if (world.leads) reporter.warn(`${signal}: saving after this step${more}`);
  };
  // A launcher also sends signals where a process died, after which nothing can be saved.
  const stop = listenForStop(world.size === 1 ? sayStop : () => {});
  const agreement = new Agreement(world, stop, sayStop);
  const stopped = () => agreement.signal !== undefined;
  const outlook = openOutlook(prepared, reporter);
  let { step } = prepared.start;
  // From now on a signal saves the run.
  tellLauncher({ step });
  try {
    const events = world.leads ? openEventLog(run) : NO_EVENTS;
    const sentinel = createSentinel(watched(prepared), { reporter, events });
    const check = sentinel.beforeSave.bind(sentinel);
    const { fleeting = false } = prepared.request;
    const saving = { ...prepared, settings, run, reporter, check, fleeting };
    const saver = new Saver(saving, prepared.start.step);
    const onStep = async (taken: { readonly step: number }) => {
      step = taken.step;
      tellLauncher({ step });
    };
    const stepHooks = [saver.onStep, onStep];
    const watching = { reporter, logger, events, sentinel, outlook, stepHooks };
    const evaluating = { stopped: () => stop.signal !== undefined, stopAsked: stop.asked };
    const stopping = { agreement, stopped, stopAsked: stopAskedOf(world, stop.asked), evaluating };
    const training = { ...prepared, settings, run, saver, ...watching, ...stopping };
    const progress = await runWithRollbacks(training, prepared.start);
    saver.report();
    reportSent(prepared, progress.step, reporter);
    warnFallbacks(backend, reporter);
    if (agreement.signal !== undefined) throw stoppedBy(agreement.signal, run, progress);
    const { last, best, epoch, stepInEpoch } = progress;
    if (last === undefined || best === undefined) {
      throw new UsageError(
        `Nothing to do in ${run.path}: it has already taken the ${counted(progress.step, 'step')} that --max-steps allows`,
      );
    }
    const unreadable = {
      training: trainLoader.unreadable.size,
      validation: valLoader.unreadable.size,
    };
    const part = stepInEpoch > 0 && { part: { steps: stepInEpoch, of: schedule.stepsPerEpoch } };
    const average = prepared.updating.averageScores;
    return {
      ...{ ...last, run: run.path, epochs: epoch, steps: progress.step, ...part, best, unreadable },
      ...(average && { average }),
      ...verdictAfter(prepared, { epoch, last, average }),
    };
  } catch (error) {
    if (error instanceof LostProcessError) throw error.after(step, run.path);
    if (isSystemError(error)) throw await brokenOffBy(error, run);
    throw await withFittingBatch(error, backend, settings.batchSize, stepBytes(prepared));
  } finally {
    reporter.end();
    stop.release();
  }
}

/** The sentinel looks at a whole network: processes that looked at halves would see different things. */
function watched({ session, ...prepared }: Prepared): Prepared {
  const { training, network } = session;
  const divided = prepared.request.settings.modelParallel > 1;
  const whole = divided ? { ...session, training: { ...training, network } } : session;
  return { ...prepared, session: whole };
}

/** Says how much several processes tell each other. */
function reportSent({ world, start }: Prepared, step: number, reporter: Reporter): void {
  if (world.size === 1 || step === start.step) return;
  const bytes = Math.round(world.sentForSteps() / (step - start.step));
  reporter.note(`each step sent ${bytes.toLocaleString('en')} bytes to other processes`);
}

/** Several processes end after a step that all of them take. */
function stopAskedOf({ size }: World, asked: AbortSignal): AbortSignal {
  return size === 1 ? asked : new AbortController().signal;
}

/** After all epochs of a training on ImageNet. */
function verdictAfter(
  { request, dataset }: Prepared,
  { epoch, ...achieved }: Achieved & { readonly epoch: number },
): { verdict?: Verdict } {
  const { classes, val } = dataset;
  if (epoch < request.settings.epochs || !isImageNet(classes, val.images.length)) return {};
  const verdict = verdictOf(request, achieved);
  return verdict === undefined ? {} : { verdict };
}

/** Estimates the memory of a training step by its batch size. */
function stepBytes({ request, backend, session }: Prepared) {
  const { classes, channels, inputSize } = session.card;
  const { architecture, estimateMemory } = request;
  return async (batchSize: number) => {
    const network = { inputSize, channels, numClasses: classes.length };
    const sizes = { trainCropSize: session.training.size, batchSize };
    const settings = { ...request.settings, ...network, ...sizes };
    const { stepBytes, leastBytes } = await estimateMemory(architecture, backend, settings);
    return stepBytes ?? leastBytes;
  };
}
