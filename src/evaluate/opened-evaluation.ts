import type { Backend } from '../backend/index.js';
import type { Dataset } from '../data/dataset.js';
import { openDataset } from '../data/open-dataset.js';
import { evaluationClasses } from '../runs/run-selection.js';
import type { Reporter } from '../session/reporter.js';
import { startBackendOf } from '../session/start-backend.js';
import type { Settings } from '../settings/types.js';
import { checkBatchFits, checkMapsFit } from './forward-memory.js';
import { type Protocol, type ProtocolSettings, protocolsOf } from './protocols/protocol.js';
import { checkClasses, type InputOptions, type TrainedModel } from './trained-model.js';
import type { Member } from './view-runner.js';

/** One of the networks that are evaluated, and how it sees images. */
export interface Candidate {
  readonly trained: TrainedModel;
  readonly view: InputOptions & ProtocolSettings;
}

/** Data, backend and networks of an evaluation. */
export interface OpenedEvaluation {
  readonly dataset: Dataset;
  readonly backend: Backend;
  readonly members: readonly [Member, ...Member[]];
}

/** What the evaluations of all commands know of their data and their machine. */
export type CommonSettings = Pick<
  Settings<'eval' | 'compare'>,
  | 'labels'
  | 'valFraction'
  | 'classes'
  | 'seed'
  | 'batchSize'
  | 'backend'
  | 'device'
  | 'precision'
  | 'deterministic'
  | 'threads'
> & { readonly data: string };

/** Opens the dataset and the networks; the selection of images is that of the first one. */
export async function openEvaluation(
  candidates: readonly [Candidate, ...Candidate[]],
  settings: CommonSettings,
  reporter: Reporter,
): Promise<OpenedEvaluation> {
  const [{ trained: first }] = candidates;
  const dataset = await openDataset(settings.data, {
    labels: settings.labels,
    valFraction: settings.valFraction,
    classes: evaluationClasses(first.record, settings.classes),
    seed: settings.seed,
    onProgress: reporter.note,
  });
  const backend = await startBackendOf(first.record, settings, reporter);
  const members: Member[] = [];
  for (const { trained, view } of candidates) {
    const opened = await trained.open(view, reporter);
    checkClasses(trained, opened, settings.data, dataset.classes);
    const { architecture } = trained;
    const { session } = opened;
    const evaluated = { architecture, session };
    const protocols = protocolsOf(view, architecture, session.card.transform);
    if (protocols.some(({ places }) => places !== 'map')) {
      await checkBatchFits(evaluated, backend, settings.batchSize);
    }
    const checkMap = await checkMapsFit(evaluated, backend, protocols);
    members.push({ ...evaluated, protocols, checkMap });
  }
  return { dataset, backend, members: members as [Member, ...Member[]] };
}

/** The stamp of a protocol without how many networks there were. */
export function viewsOf(stamp: string): string {
  return stamp.replace(/, softmax averaged over \d+ networks$/, '');
}

/** What stands beside the numbers of a protocol: of all networks where they differ. */
export function stampOf(members: readonly Member[], place: number): string {
  const stamps = members.map(({ protocols }) => (protocols[place] as Protocol).stamp);
  const text = [...new Set(stamps)].join(' and ');
  return members.length === 1 ? text : `${text}, softmax averaged over ${members.length} networks`;
}
