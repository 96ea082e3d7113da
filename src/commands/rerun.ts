import { isDeepStrictEqual } from 'node:util';
import { findArchitecture, withOptions } from '../archs/index.js';
import { estimateMemory } from '../measure/memory.js';
import { findRun, type RunDirectory, type RunRecord, readRecord } from '../runs/run-directory.js';
import { dataOf } from '../runs/run-selection.js';
import { checkTogether } from '../settings/conflicts.js';
import type { Given } from '../settings/given.js';
import { givenSources, givenTexts, givenValue } from '../settings/given.js';
import type { OptionName } from '../settings/options/index.js';
import { type Provenance, resolveSettings, type SettingsSource } from '../settings/resolve.js';
import { givenRecipe, isGiven } from '../settings/resolve-training.js';
import { checkValues } from '../settings/validate.js';
import { createReporter } from '../terminal/progress.js';
import type { TrainRequest } from '../train/start/request.js';
import type { Result } from './command.js';
import { required } from './require.js';
import { FIRST_RUNS, NOT_STORED, trainedOrEstimated, WRITTEN, withLastingData } from './train.js';

/** Settings that choose among the images, and so change the fingerprint. */
const SELECTING: readonly OptionName[] = ['labels', 'val-fraction', 'subset', 'classes'];

/** Trains once more with the settings of a run, in a directory of its own. */
export async function runRerun(given: Given, reporter = createReporter()): Promise<Result> {
  return trainedOrEstimated(await rerunRequest(given), reporter);
}

export async function rerunRequest(given: Given): Promise<TrainRequest> {
  const sources = (await givenSources('rerun', given)).map(withLastingData);
  const example = 'cnn rerun runs/lenet5';
  const run = await findRun(required(givenValue(sources, 'checkpoint'), 'a run', example));
  const record = await readRecord(run);
  const before = findArchitecture(String(record.settings.arch?.value));
  const arch = givenValue(sources, 'arch');
  const network = arch === null ? before : findArchitecture(arch);
  const same = network === before && givenValue(sources, 'recipe') === null;
  const recipe = givenRecipe([recordedRecipe(record), ...sources], network, sources);
  const without = resolveSettings('train', [recipe], network).provenance;
  const forgotten: readonly OptionName[] = network === before ? [] : ['arch-options'];
  const stored = storedSource(run, record, without, same, forgotten);
  const all = [recipe, stored, ...sources];
  const architecture = withOptions(network, givenTexts(all, 'arch-options'));
  const { settings, provenance } = resolveSettings('train', all, architecture);
  checkTogether(settings, isGiven(sources), architecture);
  const data = givenValue(sources, 'data') ?? dataOf(record, run);
  const repeats = { run: run.path, fingerprint: record.data.fingerprint };
  const sameData = !given['other-data'] && !selectsOthers(sources, record);
  return {
    ...{ settings, provenance, architecture, data, estimateMemory },
    ...(sameData && { repeats }),
    ...(network === before && { before: record }),
  };
}

/** The name of the recipe of a run. */
function recordedRecipe({ settings }: RunRecord): SettingsSource {
  const value = settings.recipe?.value;
  return { values: value === undefined ? {} : { recipe: value }, source: 'run' };
}

/**
 * The settings of a run that differ from those that a run has `without` it. Another architecture or
 * recipe that is trained, where they are not the `same`, has settings of its own. Those that are
 * `forgotten` are not kept.
 */
function storedSource(
  run: RunDirectory,
  record: RunRecord,
  without: Provenance,
  same: boolean,
  forgotten: readonly OptionName[],
): SettingsSource {
  const entries = Object.entries(record.settings).filter(([key, { source }]) => {
    const name = key as OptionName;
    if ([...NOT_STORED, ...WRITTEN, ...forgotten].includes(name)) return false;
    return same || source !== 'recipe';
  });
  const values = Object.fromEntries(entries.map(([name, { value }]) => [name, value]));
  const checked = checkValues('train', { ...(same && FIRST_RUNS), ...values }, run.record);
  const kept = Object.entries(checked).filter(([name, value]) => {
    return !isDeepStrictEqual(value, without[name as OptionName]?.value);
  });
  return { values: Object.fromEntries(kept), source: 'run', where: () => run.path };
}

/** Whether other images of the dataset are asked for than those of the run. */
function selectsOthers(sources: readonly SettingsSource[], record: RunRecord): boolean {
  const isGiven = (name: OptionName) => sources.some(({ values }) => values[name] !== undefined);
  const draws = SELECTING.some((name) => (record.settings[name]?.value ?? null) !== null);
  return SELECTING.some(isGiven) || (draws && isGiven('seed'));
}
