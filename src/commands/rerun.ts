import { isDeepStrictEqual } from 'node:util';
import { type Architecture, findArchitecture } from '../archs/index.js';
import { estimateMemory } from '../measure/memory.js';
import { findRun, type RunDirectory, type RunRecord, readRecord } from '../runs/run-directory.js';
import { dataOf } from '../runs/run-selection.js';
import type { Given } from '../settings/given.js';
import { givenSources, givenValue } from '../settings/given.js';
import type { OptionName } from '../settings/options/index.js';
import { fallback, resolveSettings, type SettingsSource } from '../settings/resolve.js';
import { checkValues } from '../settings/validate.js';
import { createReporter } from '../terminal/progress.js';
import type { TrainRequest } from '../train/request.js';
import type { Result } from './command.js';
import { required } from './require.js';
import { NOT_STORED, trainedOrEstimated, WRITTEN, withLastingData } from './train.js';

/** Settings that choose among the images, and so change the fingerprint. */
const SELECTING: readonly OptionName[] = ['val-fraction', 'subset', 'classes'];

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
  const architecture = arch === null ? before : findArchitecture(arch);
  const stored = storedSource(run, record, architecture === before ? before : undefined);
  const { settings, provenance } = resolveSettings('train', [stored, ...sources], architecture);
  const data = givenValue(sources, 'data') ?? dataOf(record, run);
  const repeats = { run: run.path, fingerprint: record.data.fingerprint };
  const sameData = !given['other-data'] && !selectsOthers(sources, record);
  return {
    ...{ settings, provenance, architecture, data, estimateMemory },
    ...(sameData && { repeats }),
  };
}

/**
 * The settings of a run that differ from those that a run has without it. `recipe` is absent where
 * another architecture is trained, which has a recipe of its own.
 */
function storedSource(
  run: RunDirectory,
  record: RunRecord,
  recipe: Architecture | undefined,
): SettingsSource {
  const entries = Object.entries(record.settings).filter(([key, { source }]) => {
    const name = key as OptionName;
    if (NOT_STORED.includes(name) || WRITTEN.includes(name)) return false;
    return recipe !== undefined || source !== 'recipe';
  });
  const values = Object.fromEntries(entries.map(([name, { value }]) => [name, value]));
  const checked = checkValues('train', values, run.record);
  const kept = Object.entries(checked).filter(([name, value]) => {
    return !isDeepStrictEqual(value, fallback(name as OptionName, recipe).value);
  });
  return { values: Object.fromEntries(kept), source: 'run', where: () => run.path };
}

/** Whether other images of the dataset are asked for than those of the run. */
function selectsOthers(sources: readonly SettingsSource[], record: RunRecord): boolean {
  const isGiven = (name: OptionName) => sources.some(({ values }) => values[name] !== undefined);
  const draws = SELECTING.some((name) => (record.settings[name]?.value ?? null) !== null);
  return SELECTING.some(isGiven) || (draws && isGiven('seed'));
}
