/** The head of a report: what the runs are, how far they came and what they reached. */

import { counted } from '../../counted.js';
import { wilson } from '../../evaluate/statistics.js';
import type { Row } from '../../runs/csv.js';
import { evaluationTransform } from '../../session/augmentation.js';
import type { Evaluated, OpenedNetwork } from '../evaluation/network.js';
import { type Html, html, type Part } from '../page/html.js';
import type { ReportedRun } from '../runs.js';
import { duration, grouped, percent } from './words.js';

/** The epoch of the highest top-1; undefined where no epoch was evaluated. */
export function bestRow({ rows }: Pick<ReportedRun, 'rows'>): Partial<Row> | undefined {
  return rows.reduce<Partial<Row> | undefined>((best, row) => {
    if (row.eval_top1 === undefined) return best;
    return best?.eval_top1 !== undefined && best.eval_top1 >= row.eval_top1 ? best : row;
  }, undefined);
}

/** How the evaluations in a training see an image. */
export function protocolOf({ record, architecture }: ReportedRun): string {
  const size = Number(record.settings['input-size']?.value ?? architecture?.size);
  const given = record.settings['resize-size']?.value ?? null;
  if (architecture === undefined) return `${size} pixels, short side ${given ?? "the recipe's"}`;
  const resize = typeof given === 'number' ? given : null;
  const transform = evaluationTransform(architecture.recipe.transform.val, size, resize);
  return `centre crop of ${size}×${size}, short side ${transform.resize}`;
}

/** What a reader has to know first: a run that is not at its end. */
export function states(runs: readonly ReportedRun[]): Html[] {
  return runs.flatMap((run) => {
    const state = stateOf(run);
    const name = runs.length > 1 ? html`<b>${run.name}</b>: ` : '';
    return state === undefined ? [] : [html`<p class="note" role="note">${name}${state}</p>`];
  });
}

/** Why a run is not whole, in words; undefined where it is. */
export function stateOf({ rows, record, trainer }: ReportedRun): string | undefined {
  const epochs = Number(record.settings.epochs?.value ?? Number.NaN);
  const done = rows.at(-1)?.epoch ?? 0;
  const part = Number.isNaN(epochs) ? counted(done, 'epoch') : `${done} of ${epochs} epochs`;
  if (trainer !== undefined) {
    return `The run is still being written, by ${trainer}: this is what it has after ${part}.`;
  }
  const { value: most } = record.settings['max-steps'] ?? {};
  const asked = typeof most === 'number' && (rows.at(-1)?.steps ?? 0) >= most;
  return done < epochs && !asked ? `The run ended after ${part}.` : undefined;
}

export function overview(run: ReportedRun, network: OpenedNetwork | undefined): Html {
  const { rows, record } = run;
  const [best, last] = [bestRow(run), rows.at(-1)];
  const seconds = rows.reduce((sum, row) => sum + (row.seconds ?? 0), 0);
  const evaluated = typeof network?.evaluated === 'object' ? network.evaluated : undefined;
  const tiles = [
    ...(evaluated ? scoreTiles(evaluated) : []),
    best && tile('best top-1', percent(best.eval_top1 as number, 2), bestText(best, last)),
    network && tile('parameters', grouped(trainedParameters(network)), 'trained'),
    seconds > 0 && tile('time', duration(seconds), counted(rows.length, 'epoch')),
    last?.images_per_second !== undefined &&
      tile(
        'speed',
        `${grouped(Math.round(last.images_per_second))}/s`,
        `${record.backend.name} in ${record.backend.precision}`,
      ),
  ];
  const { training, validation, classes } = record.data;
  return html`<p class="lead">${grouped(training)} + ${grouped(validation)} images, ${grouped(classes.length)} classes; run <code>${run.name}</code></p>
<dl class="tiles">${tiles}</dl>
${network && html`<p class="soft">Evaluated: <code>${network.checkpoint}</code>${evaluated && `; ${evaluated.protocol}`}</p>`}`;
}

/** Without what batch normalization keeps besides. */
function trainedParameters({ session }: OpenedNetwork): number {
  const sizes = session.model.trainableWeights.map(({ shape }) => {
    return shape.reduce<number>((product, side) => product * (side ?? 1), 1);
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

function bestText(best: Partial<Row>, last: Partial<Row> | undefined): string {
  const later = last !== best && last?.eval_top1 !== undefined;
  return `epoch ${best.epoch}${later ? `; last ${percent(last.eval_top1 as number, 2)}` : ''}`;
}

function scoreTiles({ outcomes }: Evaluated): Html[] {
  return ([1, 5] as const).map((k) => {
    const hits = outcomes.hits(k);
    const [low, high] = wilson(hits, outcomes.images);
    const value = percent((100 * hits) / Math.max(1, outcomes.images), 2);
    return tile(`top-${k} evaluated`, value, `95 %: ${low.toFixed(2)} to ${high.toFixed(2)}`);
  });
}

function tile(title: string, value: Part, below: Part): Html {
  return html`<div><dt>${title}</dt><dd><b>${value}</b><span>${below}</span></dd></div>`;
}
