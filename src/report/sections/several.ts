/** What the trained networks of several runs make, beside each other or one after the other. */
import { isDeepStrictEqual } from 'node:util';
import type { ImageList } from '../../data/dataset.js';
import { wilson } from '../../evaluate/statistics.js';
import type { OpenedNetwork } from '../evaluation/network.js';
import { type Html, html } from '../page/html.js';
import type { Section } from '../page/page.js';
import { tableOf } from '../page/table.js';
import type { ReportedRun } from '../runs.js';
import type { Files } from '../write-files.js';
import { type EvaluationSections, evaluationSections, WHOLE_PAGE } from './evaluation.js';
import { classTable } from './network.js';
import { percent } from './words.js';

/** More runs take too long to evaluate, and too much of a page. */
export const MOST_EVALUATED = 8;
const LEAST_MISTAKES = 6;

/** A run, and what its network made or why it made nothing. */
interface Part {
  readonly run: ReportedRun;
  readonly row: readonly (string | number)[];
  readonly parts: EvaluationSections | undefined;
}

/** Opens one network after the other; `open` says why where there is none. */
export async function severalSections(
  runs: readonly ReportedRun[],
  chosen: ImageList | undefined,
  open: (run: ReportedRun) => Promise<OpenedNetwork | string>,
): Promise<Files & { readonly sections: readonly Section[] }> {
  const evaluated = runs.slice(0, MOST_EVALUATED);
  const budget = {
    thumbnails: Math.floor(WHOLE_PAGE.thumbnails / evaluated.length),
    mistakes: Math.max(LEAST_MISTAKES, Math.floor(WHOLE_PAGE.mistakes / evaluated.length)),
  };
  const parts: Part[] = [];
  for (const run of evaluated) {
    const network = await open(run);
    if (typeof network === 'string') {
      parts.push({ run, row: [run.name, '', '', '', '', network], parts: undefined });
      continue;
    }
    try {
      const made = await evaluationSections(network, chosen ?? 'none', budget);
      parts.push({ run, row: scoreRow(run, network, made.missing), parts: made });
    } finally {
      network.dispose();
    }
  }
  const known = parts.filter(({ parts: made }) => made !== undefined);
  return {
    sections: [
      scoreSection(parts, runs.length),
      ...folded('confusion', 'Confusion matrices', known),
      ...classes(known),
      ...folded('mistakes', 'Surest mistakes', known),
      ...beside('filters', 'First-layer filters', known),
      ...folded('activations', 'Activations', known),
    ],
    charts: named(known, ({ charts }) => charts),
    pngs: named(known, ({ pngs }) => pngs),
  };
}

/** The files of all runs, each with the name of its run. */
function named<T extends { readonly name: string }>(
  parts: readonly Part[],
  of: (made: EvaluationSections) => readonly T[],
): T[] {
  return parts.flatMap(({ run, parts: made }) =>
    (made === undefined ? [] : of(made)).map((file) => {
      return { ...file, name: `${file.name}-${run.name.replaceAll('/', '-')}` };
    }),
  );
}

function scoreRow(run: ReportedRun, network: OpenedNetwork, missing: string | undefined) {
  const { evaluated, checkpoint } = network;
  if (typeof evaluated === 'string') return [run.name, '', '', '', checkpoint, missing ?? ''];
  const { outcomes, protocol } = evaluated;
  const [one, five] = [outcomes.hits(1), outcomes.hits(5)];
  const images = Math.max(1, outcomes.images);
  const [low, high] = wilson(one, outcomes.images);
  return [
    ...[run.name, percent((100 * one) / images, 2), `${low.toFixed(2)} to ${high.toFixed(2)}`],
    ...[percent((100 * five) / images, 2), checkpoint, protocol],
  ];
}

function scoreSection(parts: readonly Part[], all: number): Section {
  const columns = [
    { title: 'run' },
    ...['top-1', '95 % interval', 'top-5'].map((title) => ({ title, numeric: true })),
    { title: 'checkpoint' },
    { title: 'evaluated by' },
  ];
  const rest =
    all > parts.length &&
    html`<p class="soft">The first ${parts.length} of ${all} runs: a report of fewer runs has the others.</p>`;
  const table = tableOf(
    columns,
    parts.map(({ row }) => row),
    { caption: 'The networks on the validation images', sortable: true },
  );
  return { id: 'evaluation', title: 'Evaluation', body: html`${table}${rest}` };
}

function bodyOf({ parts }: Part, id: string): Html | undefined {
  return parts?.sections.find((section) => section.id === id)?.body;
}

/** A part of each run, folded away below the name of its run but for the first. */
function folded(id: string, title: string, parts: readonly Part[]): Section[] {
  const bodies = parts.flatMap((part) => {
    const body = bodyOf(part, id);
    return body === undefined ? [] : [{ name: part.run.name, body }];
  });
  if (bodies.length === 0) return [];
  const details = bodies.map(({ name, body }, at) => {
    return html`<details${at === 0 && html` open`}><summary>${name}</summary>${body}</details>`;
  });
  return [{ id, title, body: html`${details}` }];
}

function beside(id: string, title: string, parts: readonly Part[]): Section[] {
  const bodies = parts.map((part) => html`<div><h3>${part.run.name}</h3>${bodyOf(part, id)}</div>`);
  if (bodies.length === 0) return [];
  return [{ id, title, body: html`<div class="charts">${bodies}</div>` }];
}

/** One table where the classes are the same, else one of each run. */
function classes(parts: readonly Part[]): Section[] {
  const known = parts.flatMap(({ run, parts: made }) => {
    if (made?.scores === undefined) return [];
    return [{ run, scores: made.scores, names: made.names }];
  });
  const [first] = known;
  if (first === undefined) return [];
  if (!known.every(({ names }) => isDeepStrictEqual(names, first.names))) {
    const details = known.map(({ run, scores, names }, at) => {
      const { body } = classTable(scores, names, `class-table-${at}`);
      return html`<details><summary>${run.name}</summary>${body}</details>`;
    });
    return [{ id: 'classes', title: 'Classes', body: html`${details}` }];
  }
  const columns = [
    { title: 'class' },
    ...['images', ...known.map(({ run }) => run.name)].map((title) => ({ title, numeric: true })),
  ];
  const rows = first.names.map((name, label) => [
    name,
    first.scores[label]?.images ?? 0,
    ...known.map(({ scores }) => {
      const score = scores[label];
      return score === undefined || score.images === 0 ? '' : percent(score.top1);
    }),
  ]);
  const options = { caption: 'Top-1 of each class', sortable: true, id: 'class-table' };
  return [{ id: 'classes', title: 'Classes', body: tableOf(columns, rows, options) }];
}
