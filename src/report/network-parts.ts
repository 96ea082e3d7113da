/** The parts of a page that need the checkpoints of its runs. */
import { openImages } from '../data/open-images.js';
import { CnnError, firstLine } from '../errors.js';
import { openTrainedModel, type TrainedModel } from '../evaluate/trained-model.js';
import type { Reporter } from '../session/reporter.js';
import { type SettingsSource, strongest } from '../settings/resolve.js';
import type { Settings } from '../settings/types.js';
import { exists } from '../system/files.js';
import { type OpenedNetwork, openNetwork } from './evaluation/network.js';
import type { Html } from './page/html.js';
import type { Section } from './page/page.js';
import type { DamagedRun, ReportedRun } from './runs.js';
import { evaluationSections } from './sections/evaluation.js';
import { overview } from './sections/overview.js';
import { severalSections } from './sections/several.js';
import type { Files } from './write-files.js';

export type Which = 'best' | 'last';

interface Asked extends Pick<Settings<'report'>, 'evaluate' | 'ema' | 'image'> {
  readonly checkpoint: Which | null;
}

interface NetworkParts extends Files {
  readonly head: Html | undefined;
  readonly sections: readonly Section[];
  /** Why the page is without some of them. */
  readonly missing: string | undefined;
  readonly damaged: readonly DamagedRun[];
}

/** Of a run its network, or why the page is without it. */
interface Found {
  readonly network?: OpenedNetwork;
  readonly why?: string;
  readonly damaged?: DamagedRun;
}

const NOT_ASKED = 'There is no evaluation on this page: it was made with --no-evaluate.';

export async function networkParts(
  runs: readonly ReportedRun[],
  settings: Asked,
  sources: readonly SettingsSource[],
  reporter: Reporter,
): Promise<NetworkParts> {
  const [alone] = runs.length === 1 ? runs : [];
  const none = { sections: [], charts: [], pngs: [], damaged: [] };
  if (!settings.evaluate) {
    return { ...none, head: alone && overview(alone, undefined), missing: NOT_ASKED };
  }
  const chosen = settings.image === null ? undefined : await openImages([settings.image]);
  if (alone === undefined) {
    const damaged: DamagedRun[] = [];
    const parts = await severalSections(runs, chosen, async (run) => {
      const found = await networkOf(run, settings, sources, reporter);
      if (found.damaged !== undefined) damaged.push(found.damaged);
      return found.network ?? found.why ?? '';
    });
    return { ...parts, head: undefined, missing: undefined, damaged };
  }
  const found = await networkOf(alone, settings, sources, reporter);
  const { network, why } = found;
  const damaged = found.damaged === undefined ? [] : [found.damaged];
  const lacking = why && `There is no evaluation on this page: ${why}`;
  if (network === undefined) {
    return { ...none, head: overview(alone, undefined), missing: lacking, damaged };
  }
  try {
    const made = await evaluationSections(network, chosen ?? 'first');
    return { ...made, head: overview(alone, network), damaged };
  } finally {
    network.dispose();
  }
}

/** Where somebody named the checkpoint, the data or the backend, or an image, it has to be there. */
async function networkOf(
  run: ReportedRun,
  { checkpoint, ema }: Asked,
  sources: readonly SettingsSource[],
  reporter: Reporter,
): Promise<Found> {
  const names = ['checkpoint', 'data', 'image', 'backend', 'ema'] as const;
  const isAsked = names.some((name) => strongest(name, sources) !== undefined);
  const best = await exists(run.directory.best);
  const path = run.directory[checkpoint ?? (best ? 'best' : 'last')];
  let trained: TrainedModel | undefined;
  try {
    trained = await openTrainedModel(path, null, ema);
    return { network: await openNetwork(trained, sources, reporter) };
  } catch (error) {
    if (isAsked || !(error instanceof CnnError)) throw error;
    const why = firstLine(error);
    const isDamaged = trained === undefined && (await exists(path));
    return isDamaged ? { why, damaged: { run: run.directory.path, why } } : { why };
  }
}
