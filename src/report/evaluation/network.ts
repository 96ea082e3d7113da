/** The trained network of a run, and what it says of the validation images of the run. */
import { availableParallelism } from 'node:os';
import type { Backend } from '../../backend/index.js';
import type { Dataset } from '../../data/dataset.js';
import { decodeOptionsOf } from '../../data/decode/decode-options.js';
import { CnnError, firstLine } from '../../errors.js';
import { openEvaluation, stampOf } from '../../evaluate/opened-evaluation.js';
import type { Outcomes } from '../../evaluate/outcomes.js';
import type { TrainedModel } from '../../evaluate/trained-model.js';
import { evaluateViews } from '../../evaluate/views-pass.js';
import { dataOf, evaluationSource } from '../../runs/run-selection.js';
import { badImageOptions, defaultWorkers } from '../../session/loaders.js';
import type { Reporter } from '../../session/reporter.js';
import type { Session } from '../../session/session.js';
import { startBackendOf } from '../../session/start-backend.js';
import { createUnreadableWarning } from '../../session/unreadable.js';
import { resolveSettings, type SettingsSource, strongest } from '../../settings/resolve.js';
import type { Settings } from '../../settings/types.js';

export type ReadSettings = Settings<'compare'>;

/** What a network says of the validation images. */
export interface Evaluated {
  readonly protocol: string;
  readonly dataset: Dataset;
  readonly outcomes: Outcomes;
  /** Why images could not be read, by their names. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** A network on the device. */
export interface OpenedNetwork {
  readonly checkpoint: string;
  /** The epoch that the checkpoint is of. */
  readonly session: Session;
  readonly backend: Backend;
  readonly settings: ReadSettings;
  /** The evaluation, or why there is none. */
  readonly evaluated: Evaluated | string;
  dispose(): void;
}

/**
 * Builds a trained network and evaluates it. Without the data of its run there is the network alone;
 * but what somebody named has to be there.
 */
export async function openNetwork(
  trained: TrainedModel,
  sources: readonly SettingsSource[],
  reporter: Reporter,
): Promise<OpenedNetwork> {
  const { settings, data } = settingsOf(trained, sources);
  try {
    return await evaluated(trained, { ...settings, data }, reporter);
  } catch (error) {
    if (!(error instanceof CnnError) || strongest('data', sources) !== undefined) throw error;
    const backend = await startBackendOf(trained.record, settings, reporter);
    const { session } = await trained.open(settings, reporter);
    const why = firstLine(error);
    return opened(trained, { session, backend, settings, evaluated: why });
  }
}

function settingsOf(trained: TrainedModel, sources: readonly SettingsSource[]) {
  const { stored, architecture, record, run } = trained;
  const given = strongest('data', sources)?.value;
  const named = typeof given === 'string' ? given : null;
  const selection = evaluationSource(record, named);
  const { settings } = resolveSettings('compare', [stored, selection, ...sources], architecture);
  const data = named ?? (record && run ? dataOf(record, { path: run }) : '');
  return { settings, data };
}

async function evaluated(
  trained: TrainedModel,
  settings: ReadSettings & { readonly data: string },
  reporter: Reporter,
): Promise<OpenedNetwork> {
  const { dataset, backend, members } = await openEvaluation(
    [{ trained, view: settings }],
    settings,
    reporter,
  );
  const workers = settings.workers ?? defaultWorkers(backend, availableParallelism());
  const { batchSize } = settings;
  const reading = decodeOptionsOf(settings);
  const bad = badImageOptions(settings, reporter);
  const options = { batchSize, workers, reading, reporter, ...bad };
  const { outcomes, unreadable } = await evaluateViews(members, dataset.val, options);
  createUnreadableWarning(reporter)({ unreadable }, 'which counts as wrong');
  const found = { protocol: stampOf(members, 0), dataset, unreadable };
  return opened(trained, {
    ...{ session: members[0].session, backend, settings },
    evaluated: { ...found, outcomes: outcomes[0] as Outcomes },
  });
}

function opened(
  { origin }: TrainedModel,
  known: Pick<OpenedNetwork, 'session' | 'backend' | 'settings' | 'evaluated'>,
): OpenedNetwork {
  const { network, model } = known.session;
  return {
    ...known,
    checkpoint: Object.values(origin)[0] as string,
    dispose() {
      network.dispose();
      model.dispose();
    },
  };
}
