import { availableParallelism } from 'node:os';
import { decodeOptionsOf } from '../data/decode/decode-options.js';
import { nameBelow } from '../data/selection.js';
import { RunError, UsageError } from '../errors.js';
import { checkDecode, createDecodingNote } from '../session/decoding.js';
import { badImageOptions, defaultWorkers, openEvaluationBatches } from '../session/loaders.js';
import type { Scores } from '../session/metrics.js';
import { takesTurns } from '../session/pace.js';
import type { Reporter } from '../session/reporter.js';
import { createUnreadableWarning } from '../session/unreadable.js';
import type { Settings } from '../settings/types.js';
import { explainNotFinite } from './not-finite.js';
import {
  type Candidate,
  type OpenedEvaluation,
  openEvaluation,
  stampOf,
} from './opened-evaluation.js';
import { checkProtocols, type Protocol } from './protocols/protocol.js';
import { type RealLabels, type RealScores, readRealLabels, realScores } from './real-labels.js';
import { checkResultFiles, wantsResultFiles, writeResultFiles } from './result-files.js';
import { evaluateSplit } from './split.js';
import { type Interval, wilson } from './statistics.js';
import { evaluateViews } from './views-pass.js';

/** The numbers of one protocol; accuracies and their 95 % intervals in percent. */
export interface ProtocolResult extends Scores {
  /** How they were measured, in words. */
  readonly protocol: string;
  readonly crops: Protocol['crops'];
  readonly scales: readonly number[];
  readonly mirror: boolean;
  /** Views of an image by each network. */
  readonly views: number;
  readonly top1_interval: Interval;
  readonly top5_interval: Interval;
  /** With --real-labels: over the images that have a right class. */
  readonly real?: RealScores;
}

/** The numbers of the first protocol, and those of all. */
export interface EvaluationResult extends Scores {
  readonly protocol: string;
  readonly top1_interval: Interval;
  readonly top5_interval: Interval;
  readonly results: readonly ProtocolResult[];
  /** The checkpoint or the weights file. */
  readonly checkpoint?: string;
  readonly weights?: string;
  /** The checkpoints of an ensemble besides. */
  readonly ensemble?: readonly string[];
  readonly arch: string;
  /** Those that are not the defaults. */
  readonly arch_options: readonly string[];
  readonly data: string;
  readonly unreadable: number;
}

export type EvaluationSettings = Settings<'eval'> & { readonly data: string };

/** Evaluates trained weights on the validation set of `data`, alone or together with others. */
export async function evaluate(
  candidates: readonly [Candidate, ...Candidate[]],
  settings: EvaluationSettings,
  reporter: Reporter,
): Promise<EvaluationResult> {
  const [{ trained }, ...others] = candidates;
  for (const { view, trained: model } of candidates) checkProtocols(view, model.architecture);
  const places = candidates.map((candidate) => placeOf(candidate));
  const twice = places.find((place, at) => places.indexOf(place) !== at);
  if (twice !== undefined) {
    throw new UsageError(`Expected --ensemble to name other networks but ${twice} comes twice`);
  }
  await checkResultFiles(settings);
  checkDecode(settings);
  const plain = isPlain(candidates, settings);
  if (!plain && settings.decode === 'gpu') {
    throw new UsageError(
      '--decode gpu makes one crop of an image, and keeps nothing of it: leave it out for several views, networks or files',
    );
  }
  const opened = await openEvaluation(candidates, settings, reporter);
  const { dataset, members } = opened;
  const { realLabels } = settings;
  const real = realLabels === null ? undefined : await readRealLabels(realLabels, dataset);
  const found = plain
    ? await evaluateCentre(opened, settings, reporter)
    : await evaluateProtocols(opened, settings, real, reporter);
  createUnreadableWarning(reporter)(found, 'which counts as wrong');
  const [first] = found.results;
  if (first === undefined) throw new RunError('The evaluation has no protocol');
  const { loss, top1, top5, images, protocol, top1_interval, top5_interval } = first;
  return {
    ...{ loss, top1, top5, images, protocol, top1_interval, top5_interval },
    results: found.results,
    ...trained.origin,
    ...(others.length > 0 && { ensemble: others.map(placeOf) }),
    arch: members[0].architecture.name,
    arch_options: members[0].architecture.given ?? [],
    data: settings.data,
    unreadable: found.unreadable.size,
  };
}

/** Where its weights are. */
function placeOf({ trained }: Candidate): string {
  return Object.values(trained.origin)[0] as string;
}

interface Found {
  readonly results: readonly ProtocolResult[];
  readonly unreadable: ReadonlyMap<string, string>;
}

/** Whether one network sees the centre of each image alone, as in a training. */
function isPlain(candidates: readonly Candidate[], settings: EvaluationSettings): boolean {
  const { crops, mirror, realLabels } = settings;
  const centre = crops === null || crops.join() === '1';
  const alone = candidates.length === 1 && realLabels === null && !wantsResultFiles(settings);
  return centre && mirror !== true && alone;
}

/** Counts on the device, with the numbers of the evaluations in a training to the last bit. */
async function evaluateCentre(
  { dataset, backend, members }: OpenedEvaluation,
  settings: EvaluationSettings,
  reporter: Reporter,
): Promise<Found> {
  const [{ session }] = members;
  const { batchSize, workers, cache, decode } = settings;
  const { channels, transform } = session.card;
  const options = { backend, batchSize, workers, cache, channels, transform, seed: 0 };
  const images = {
    reading: decodeOptionsOf(settings),
    decode,
    ...badImageOptions(settings, reporter),
  };
  const loader = await openEvaluationBatches(dataset.val, { ...options, ...images });
  try {
    const alternate = takesTurns(backend, availableParallelism());
    const scores = await evaluateSplit(session, loader, { backend, alternate, reporter });
    if (scores === undefined) throw new RunError('The evaluation was stopped');
    if (!Number.isFinite(scores.loss)) {
      const { images: list } = dataset.val;
      const nameOf = (index: number) => (index < list.length ? list.name(index) : undefined);
      throw await explainNotFinite(session, loader, nameOf);
    }
    createDecodingNote(reporter)(loader);
    return { results: [resultOf(scores, members, 0)], unreadable: loader.unreadable };
  } finally {
    await loader.close();
  }
}

async function evaluateProtocols(
  { dataset, backend, members }: OpenedEvaluation,
  settings: EvaluationSettings,
  real: RealLabels | undefined,
  reporter: Reporter,
): Promise<Found> {
  const { val, root, classes } = dataset;
  const { batchSize } = settings;
  const workers = settings.workers ?? defaultWorkers(backend, availableParallelism());
  const reading = decodeOptionsOf(settings);
  const bad = badImageOptions(settings, reporter);
  const options = { batchSize, workers, reading, reporter, ...bad };
  const { outcomes, unreadable } = await evaluateViews(members, val, options);
  const stamped = outcomes.map((found, place) => ({
    protocol: stampOf(members, place),
    outcomes: found,
  }));
  await writeResultFiles(settings, stamped, {
    classes,
    nameOf: (image) => nameBelow(root, val.images, image),
    reasonOf: (image) => unreadable.get(val.images.name(image)),
  });
  const results = outcomes.map((found, place) => ({
    ...resultOf(found.scores(), members, place),
    ...(real && { real: realScores(found, real) }),
  }));
  return { results, unreadable };
}

function resultOf(
  scores: Scores,
  members: OpenedEvaluation['members'],
  place: number,
): ProtocolResult {
  const { crops, scales, mirror, views } = members[0].protocols[place] as Protocol;
  const interval = (percent: number) =>
    wilson(Math.round((percent * scores.images) / 100), scores.images);
  return {
    ...{ protocol: stampOf(members, place), crops, scales, mirror, views },
    ...scores,
    top1_interval: interval(scores.top1),
    top5_interval: interval(scores.top5),
  };
}
