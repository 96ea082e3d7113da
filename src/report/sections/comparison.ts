/** Several runs beside each other. */
import { isDeepStrictEqual } from 'node:util';
import { sameImages } from '../../runs/comparable.js';
import { describeSetting } from '../../settings/describe-origin.js';
import type { OptionName } from '../../settings/options/index.js';
import { html } from '../page/html.js';
import type { Section } from '../page/page.js';
import { tableOf } from '../page/table.js';
import type { ReportedRun } from '../runs.js';
import { bestRow, protocolOf } from './overview.js';
import { duration, grouped } from './words.js';

/** Settings that name the place of a run. */
const PLACES: readonly string[] = ['output', 'experiment', 'resume', 'dry-run'];

export interface Ranked {
  /** The best first, unless the runs are not ranked. */
  readonly runs: readonly ReportedRun[];
  /** Why they are not ranked; undefined where they are. */
  readonly refusal: string | undefined;
}

/** Ranks runs by their best top-1, where they saw the same images in the same way. */
export function ranked(runs: readonly ReportedRun[], mixed: boolean): Ranked {
  const refusal = mixed ? undefined : differenceOf(runs);
  if (refusal !== undefined) return { runs, refusal };
  const score = (run: ReportedRun) => bestRow(run)?.eval_top1 ?? Number.NEGATIVE_INFINITY;
  return { runs: [...runs].sort((a, b) => score(b) - score(a)), refusal: undefined };
}

function differenceOf(runs: readonly ReportedRun[]): string | undefined {
  const [first, ...others] = runs;
  if (first === undefined) return undefined;
  const advice = 'they are in the order given; --mixed ranks them all the same';
  const data = others.find(({ record }) => !sameImages(record.data, first.record.data));
  if (data !== undefined) {
    const [a, b] = [first, data].map(({ name, record }) => `${name} (${record.data.name})`);
    return `Not ranked: the images of ${a} and ${b} are not the same; ${advice}.`;
  }
  const protocol = protocolOf(first);
  const other = others.find((run) => protocolOf(run) !== protocol);
  if (other === undefined) return undefined;
  return `Not ranked: ${first.name} was evaluated by ${protocol}, ${other.name} by ${protocolOf(other)}; ${advice}.`;
}

export function comparison({ runs, refusal }: Ranked): Section {
  const numeric = true;
  const columns = [
    { title: 'run' },
    { title: 'network' },
    { title: 'data' },
    ...['best top-1', 'in epoch', 'last top-1', 'last top-5', 'last loss', 'train loss'].map(
      (title) => ({ title, numeric }),
    ),
    ...['images/s', 'seconds', 'epochs'].map((title) => ({ title, numeric })),
  ];
  const rows = runs.map((run) => {
    const [best, last] = [bestRow(run), run.rows.at(-1)];
    const seconds = run.rows.reduce((sum, row) => sum + (row.seconds ?? 0), 0);
    const fixed = (value: number | undefined, digits: number) => value?.toFixed(digits) ?? '';
    return [
      run.name,
      run.arch,
      run.record.data.name,
      fixed(best?.eval_top1, 3),
      best?.epoch ?? '',
      fixed(last?.eval_top1, 3),
      fixed(last?.eval_top5, 3),
      fixed(last?.eval_loss, 4),
      fixed(last?.train_loss, 4),
      {
        shown: grouped(Math.round(last?.images_per_second ?? 0)),
        sortedBy: last?.images_per_second ?? 0,
      },
      { shown: duration(seconds), sortedBy: seconds },
      run.rows.length,
    ];
  });
  const caption =
    refusal === undefined ? 'Runs by their best top-1, in percent' : 'Runs, in percent';
  const body = html`${refusal && html`<p class="note" role="note">${refusal}</p>`}
${tableOf(columns, rows, { caption, sortable: refusal === undefined })}
<p class="soft">Whether a difference is more than chance: <code>cnn compare RUN RUN</code>.</p>
${differences(runs)}`;
  return { id: 'comparison', title: 'Comparison', body };
}

/** The settings that are not the same for all of the runs. */
function differences(runs: readonly ReportedRun[]) {
  const names = new Set(runs.flatMap(({ record }) => Object.keys(record.settings)));
  const settingOf = ({ record }: ReportedRun, name: string) => {
    return record.settings[name as OptionName]?.value ?? null;
  };
  const differing = [...names].filter((name) => {
    const [first, ...others] = runs.map((run) => settingOf(run, name));
    return !PLACES.includes(name) && others.some((value) => !isDeepStrictEqual(value, first));
  });
  if (differing.length === 0) return html`<p>The settings of the runs are the same.</p>`;
  const columns = [{ title: 'setting' }, ...runs.map(({ name }) => ({ title: name }))];
  const rows = differing.map((name) => {
    return [name, ...runs.map((run) => describeSetting(settingOf(run, name)))];
  });
  return tableOf(columns, rows, { caption: 'Settings in which the runs differ' });
}
