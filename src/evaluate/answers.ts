/** What a network says of each image, from an evaluation or from the file of an earlier one. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { parse } from 'csv-parse/sync';
import { decodeOptionsOf } from '../data/decode/decode-options.js';
import { nameBelow } from '../data/selection.js';
import { DataError } from '../errors.js';
import { badImageOptions, defaultWorkers } from '../session/loaders.js';
import type { Reporter } from '../session/reporter.js';
import { createUnreadableWarning } from '../session/unreadable.js';
import type { Settings } from '../settings/types.js';
import { systemReason } from '../system/system-errors.js';
import { decodeText } from '../system/text.js';
import { type Candidate, openEvaluation, stampOf } from './opened-evaluation.js';
import { KEPT } from './outcomes.js';
import { checkProtocols } from './protocols/protocol.js';
import { PREDICTION_COLUMNS } from './result-files.js';
import { evaluateViews } from './views-pass.js';

export interface Answer {
  /** The name of the right class. */
  readonly label: string;
  readonly top1: boolean;
  readonly top5: boolean;
}

export interface Answers {
  /** The run or file that they are from. */
  readonly source: string;
  /** Of the dataset, where they were computed now. */
  readonly fingerprint?: string;
  /** By protocol, then by image. */
  readonly protocols: ReadonlyMap<string, ReadonlyMap<string, Answer>>;
}

/** Reads what `cnn eval --predictions` wrote. */
export async function readAnswers(file: string): Promise<Answers> {
  const protocols = new Map<string, Map<string, Answer>>();
  for (const { protocol, image, label, rank } of await readRows(file)) {
    const answers = protocols.get(protocol) ?? new Map<string, Answer>();
    protocols.set(protocol, answers);
    if (answers.has(image)) {
      throw new DataError(
        `Expected each image of ${file} once for a protocol but ${image} comes twice`,
      );
    }
    // An image that could not be read has no rank.
    const place = rank === '' ? Number.POSITIVE_INFINITY : Number(rank);
    if (!(place >= 1)) {
      throw new DataError(
        `Expected the rank of ${image} in ${file} to be a number from 1 but it is "${rank}"`,
      );
    }
    answers.set(image, { label, top1: place <= 1, top5: place <= KEPT });
  }
  if (protocols.size > 0) return { source: file, protocols };
  throw new DataError(`Expected predictions in ${file} but it has none`);
}

type PredictionRow = Readonly<Record<'protocol' | 'image' | 'label' | 'rank', string>>;

async function readRows(file: string): Promise<readonly PredictionRow[]> {
  let text: string;
  try {
    text = decodeText(await readFile(file));
  } catch (cause) {
    throw new DataError(`Cannot read the predictions ${file}: ${systemReason(cause)}`, { cause });
  }
  const header = PREDICTION_COLUMNS.join(',');
  if (!text.startsWith(header)) {
    throw new DataError(
      `Expected ${file} to be of cnn eval --predictions, with the columns ${header}`,
    );
  }
  try {
    return parse<PredictionRow>(text, { columns: true });
  } catch (cause) {
    throw new DataError(`Expected CSV in ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** Evaluates a network, or the mean of several. */
export async function computeAnswers(
  candidates: readonly [Candidate, ...Candidate[]],
  settings: Settings<'compare'> & { readonly data: string },
  source: string,
  reporter: Reporter,
): Promise<Answers> {
  for (const { view, trained } of candidates) checkProtocols(view, trained.architecture);
  const { dataset, backend, members } = await openEvaluation(candidates, settings, reporter);
  const { val, root, classes, fingerprint } = dataset;
  const workers = settings.workers ?? defaultWorkers(backend, availableParallelism());
  const { batchSize } = settings;
  const reading = decodeOptionsOf(settings);
  const bad = badImageOptions(settings, reporter);
  const options = { batchSize, workers, reading, reporter, ...bad };
  const { outcomes, unreadable } = await evaluateViews(members, val, options);
  createUnreadableWarning(reporter)({ unreadable }, 'which counts as wrong');
  const protocols = outcomes.map(({ labels, rank }, place) => {
    const answers = Array.from(labels, (label, image): [string, Answer] => {
      const before = rank[image] as number;
      const right = (k: number) => before >= 0 && before < k;
      const name = classes[label] as string;
      return [
        nameBelow(root, val.images, image),
        { label: name, top1: right(1), top5: right(KEPT) },
      ];
    });
    return [stampOf(members, place), new Map(answers)] as const;
  });
  for (const { session } of members) {
    session.network.dispose();
    session.model.dispose();
  }
  return { source, fingerprint, protocols: new Map(protocols) };
}
