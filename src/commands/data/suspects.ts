import { availableParallelism } from 'node:os';
import type { Split } from '../../data/dataset.js';
import { decodeOptionsOf } from '../../data/decode/decode-options.js';
import { nameBelow } from '../../data/selection.js';
import { openEvaluation } from '../../evaluate/opened-evaluation.js';
import type { Outcomes } from '../../evaluate/outcomes.js';
import { csvOf } from '../../evaluate/result-files.js';
import { findSuspects, type Suspect } from '../../evaluate/suspects.js';
import { openTrainedModel } from '../../evaluate/trained-model.js';
import { evaluateViews } from '../../evaluate/views-pass.js';
import { dataOf, evaluationSource } from '../../runs/run-selection.js';
import { badImageOptions, defaultWorkers } from '../../session/loaders.js';
import { createUnreadableWarning } from '../../session/unreadable.js';
import type { Given } from '../../settings/given.js';
import { givenSources, givenValue } from '../../settings/given.js';
import { resolveSettings } from '../../settings/resolve.js';
import { checkWritable, writeOutput } from '../../system/files.js';
import { createReporter } from '../../terminal/progress.js';
import type { Result } from '../command.js';
import { required } from '../require.js';
import { drawSheet, sheetBeside } from './image-sheet.js';

/** Suspects that are drawn; the CSV has all. */
const DRAWN = 120;
const IN_A_ROW = 6;
const COLUMNS = ['image', 'part', 'class', 'predicted', 'confidence', 'own'];

type Found = Suspect & { readonly part: 'train' | 'val'; readonly split: Split };

/** Names labels of a run's data that its network doubts. */
export async function runDataSuspects(given: Given): Promise<Result> {
  const reporter = createReporter();
  const sources = await givenSources('data-suspects', given);
  const own = resolveSettings('data-suspects', sources).settings;
  const file = own.out ?? 'suspects.csv';
  await checkWritable(file, '--out');
  const path = required(givenValue(sources, 'checkpoint'), 'a run', 'cnn data suspects runs/…');
  const trained = await openTrainedModel(path, null, own.ema);
  const { stored, architecture, record, run } = trained;
  const selection = evaluationSource(record, givenValue(sources, 'data'));
  const { settings } = resolveSettings('compare', [stored, selection, ...sources], architecture);
  const storedData = record && run && dataOf(record, { path: run });
  const data = required(settings.data ?? storedData, '--data', '--data mnist');
  const candidates = [{ trained, view: settings }] as const;
  const opened = await openEvaluation(candidates, { ...settings, data }, reporter);
  const { dataset, backend, members } = opened;
  const { classes, root } = dataset;
  const options = {
    batchSize: settings.batchSize,
    workers: settings.workers ?? defaultWorkers(backend, availableParallelism()),
    reading: decodeOptionsOf(settings),
    reporter,
    ...badImageOptions(settings, reporter),
  };
  const found: Found[] = [];
  for (const part of ['train', 'val'] as const) {
    const split = dataset[part];
    const { outcomes, unreadable } = await evaluateViews(members, split, options);
    createUnreadableWarning(reporter)({ unreadable }, 'which is left out');
    const suspects = findSuspects(outcomes[0] as Outcomes, classes.length);
    found.push(...suspects.map((suspect) => ({ ...suspect, part, split })));
  }
  const rows = found.map(({ image, part, split, label, predicted, confidence, own: sure }) => ({
    image: nameBelow(root, split.images, image),
    part,
    class: classes[label] as string,
    predicted: classes[predicted] as string,
    confidence: confidence.toFixed(4),
    own: sure.toFixed(4),
  }));
  await writeOutput(file, csvOf(COLUMNS, rows));
  const shown = found.slice(0, DRAWN).map(({ image, split, label, predicted }) => ({
    images: split.images,
    index: image,
    text: `${classes[label]} or ${classes[predicted]}?`,
  }));
  const sheet = shown.length > 0 ? sheetBeside(file) : null;
  if (sheet !== null) await writeOutput(sheet, await drawSheet(shown, IN_A_ROW));
  const images = dataset.train.images.length + dataset.val.images.length;
  return {
    lines: [
      sheet === null
        ? `The network doubts no label of ${images.toLocaleString('en')} images`
        : `${found.length.toLocaleString('en')} of ${images.toLocaleString('en')} labels look wrong to the network: see ${file} and ${sheet}`,
    ],
    json: { data, images, suspects: found.length, file, sheet },
  };
}
