/** What a run was made of, and what happened in it. */
import { counted } from '../../counted.js';
import type { RunRecord } from '../../runs/run-directory.js';
import { describeOrigin, describeSetting } from '../../settings/describe-origin.js';
import { eventsOf } from '../events.js';
import { type Html, html } from '../page/html.js';
import type { Section } from '../page/page.js';
import { tableOf } from '../page/table.js';
import type { ReportedRun } from '../runs.js';

/** Sources of settings that somebody chose; the others are folded away. */
const CHOSEN: readonly string[] = ['flag', 'config', 'environment', 'run'];

export function events(runs: readonly ReportedRun[]): Section {
  const columns = [
    ...(runs.length > 1 ? [{ title: 'run' }] : []),
    { title: 'time' },
    { title: 'epoch', numeric: true },
    { title: 'step', numeric: true },
    { title: 'kind' },
    { title: 'what' },
  ];
  const rows = runs.flatMap((run) =>
    eventsOf(run).map(({ time, epoch, step, kind, text }) => {
      return [...(runs.length > 1 ? [run.name] : []), time, epoch ?? '', step, kind, text];
    }),
  );
  const body =
    rows.length === 0
      ? html`<p>Nothing was noticed while it trained, and it was not resumed.</p>`
      : tableOf(columns, rows, { caption: 'What was noticed while it trained' });
  return { id: 'events', title: 'Events', body };
}

export function settings(runs: readonly ReportedRun[]): Section {
  const parts = runs.map((run) => {
    const body = settingsOf(run);
    return runs.length === 1
      ? body
      : html`<details><summary>${run.name}</summary>${body}</details>`;
  });
  return { id: 'settings', title: 'Settings', body: html`${parts}` };
}

function settingsOf({ record, directory }: ReportedRun): Html {
  const rows = Object.entries(record.settings).map(([name, entry]) => ({
    cells: [name, describeSetting(entry.value), describeOrigin(entry)],
    chosen: CHOSEN.includes(entry.source),
  }));
  const columns = [{ title: 'setting' }, { title: 'value' }, { title: 'from' }];
  const chosen = rows.filter((row) => row.chosen).map(({ cells }) => cells);
  const others = rows.filter((row) => !row.chosen).map(({ cells }) => cells);
  return html`${chosen.length > 0 && tableOf(columns, chosen, { caption: 'Settings that were given' })}
<details><summary>${others.length} settings of the recipe and defaults</summary>${tableOf(columns, others, { caption: 'Settings that nobody gave' })}</details>
<details><summary>Machine, versions and data</summary>${tableOf([{ title: 'what' }, { title: 'value' }], factsOf(record, directory.path), { caption: 'What the run was made on' })}</details>`;
}

function factsOf({ started, backend, hardware, versions, data }: RunRecord, path: string) {
  const all = {
    'directory of the run': path,
    started,
    ...{ data: data.name, 'data at': data.root, layout: data.layout ?? '' },
    ...{ fingerprint: data.fingerprint },
    backend: `${backend.name} in ${backend.precision}, ${counted(backend.threads, 'thread')}; ${backend.why}`,
    ...hardware,
    ...versions,
  };
  return Object.entries(all).map(([name, value]) => [name, String(value)]);
}
