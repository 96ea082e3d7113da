import { isDeepStrictEqual } from 'node:util';
import { findArchitecture } from '../archs/index.js';
import { lastingName } from '../data/open-dataset.js';
import { UsageError } from '../errors.js';
import { checkArchitecture } from '../evaluate/trained-model.js';
import { openCheckpoint } from '../runs/checkpoint.js';
import { findRun, readRecord } from '../runs/run-directory.js';
import { dataOf } from '../runs/run-selection.js';
import { accuracyLine } from '../session/metrics.js';
import type { Given } from '../settings/given.js';
import { givenSources, givenValue } from '../settings/given.js';
import type { OptionName } from '../settings/options.js';
import { type Provenance, resolveSettings, type SettingsSource } from '../settings/resolve.js';
import { checkValues } from '../settings/validate.js';
import type { TrainRequest } from '../train/request.js';
import { type TrainResult, train } from '../train/train.js';
import type { Result } from './command.js';
import { createReporter } from './progress.js';
import { required } from './require.js';

/** Settings that cannot change in a resumed run. */
const FIXED: readonly OptionName[] = [
  'batch-size',
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
];

/** Settings of one start of the program, which a run does not keep. */
const NOT_STORED: readonly OptionName[] = ['resume', 'output', 'experiment'];

export async function runTrain(
  given: Given,
  reporter = createReporter(),
): Promise<Result<TrainResult>> {
  const request = await trainRequest(given);
  for (const [name, entry] of Object.entries(request.resume?.changed ?? {})) {
    reporter.note(`changed: ${name} is ${entry.value}`);
  }
  const result = await train(request, reporter);
  return { lines: resultLines(result), json: result };
}

function resultLines({ run, best, ...last }: TrainResult): string[] {
  return [
    `run ${run}: ${last.epochs} epochs, ${last.steps} steps, ` +
      `best Acc@1 ${best.top1.toFixed(3)} in epoch ${best.epoch}`,
    accuracyLine(last),
  ];
}

async function trainRequest(given: Given): Promise<TrainRequest> {
  const sources = (await givenSources('train', given)).map(withLastingData);
  const path = givenValue(sources, 'resume');
  if (path !== null) return resumeRequest(path, sources);
  const arch = required(givenValue(sources, 'arch'), '--arch', '--arch lenet5 (see cnn archs)');
  const data = required(givenValue(sources, 'data'), '--data', '--data mnist');
  const architecture = findArchitecture(arch);
  const { settings, provenance } = resolveSettings('train', sources, architecture);
  return { settings, provenance, architecture, data };
}

/** The settings with the dataset as it is found from any directory: a run may be resumed from another. */
function withLastingData({ values, source }: SettingsSource): SettingsSource {
  const { data } = values;
  return typeof data === 'string'
    ? { values: { ...values, data: lastingName(data) }, source }
    : { values, source };
}

async function resumeRequest(
  path: string,
  given: readonly SettingsSource[],
): Promise<TrainRequest> {
  const run = await findRun(path);
  const record = await readRecord(run);
  const checkpoint = await openCheckpoint(path);
  checkArchitecture(checkpoint, givenValue(given, 'arch'));
  const values = Object.entries(record.settings).map(([name, entry]) => [name, entry.value]);
  const stored: SettingsSource = {
    values: checkValues('train', Object.fromEntries(values), run.record),
    source: (name) => record.settings[name]?.source ?? 'default',
  };
  const architecture = findArchitecture(checkpoint.state.network.arch);
  const { settings, provenance } = resolveSettings('train', [stored, ...given], architecture);
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
  return { settings, provenance, architecture, data, resume: { run, record, checkpoint, changed } };
}

/** The settings that changed. */
function changes(before: Provenance, after: Provenance): Provenance {
  const names = (Object.keys(after) as OptionName[]).filter(
    (name) => !NOT_STORED.includes(name) && name !== 'arch',
  );
  const changed = names.filter((name) => {
    const [known, now] = [before[name], after[name]];
    // A setting that did not exist when the run was made has changed only if it is given.
    if (known === undefined) return now?.source === 'flag' || now?.source === 'config';
    return !isDeepStrictEqual(known.value, now?.value);
  });
  return Object.fromEntries(changed.map((name) => [name, after[name]]));
}
