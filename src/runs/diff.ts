/** In what two runs differ. */
import { isDeepStrictEqual } from 'node:util';
import type { OptionName } from '../settings/options/index.js';
import type { Provenance } from '../settings/resolve.js';
import type { Row } from './csv.js';
import type { RunRecord } from './run-directory.js';

/** What is known of a run, by sections of run.json. */
export interface RunFacts {
  readonly record: RunRecord;
  /** The rows of summary.csv. */
  readonly rows: readonly Partial<Row>[];
}

export interface Difference {
  readonly section: string;
  readonly name: string;
  /** Undefined where the run does not say it. */
  readonly values: readonly [unknown, unknown];
}

type Facts = Readonly<Record<string, unknown>>;

/** Settings that name the place of a run, which always differ. */
const PLACES: readonly OptionName[] = ['output', 'experiment', 'resume', 'dry-run'];

/** Columns of the last epoch that are results. */
const LAST = [
  ...(['steps', 'train_loss', 'train_top1', 'eval_loss', 'eval_top1', 'eval_top5'] as const),
  'images_per_second',
  'data_wait_percent',
] as const satisfies readonly (keyof Row)[];

export function differencesOf(a: RunFacts, b: RunFacts): Difference[] {
  const sections: [string, Facts, Facts][] = [
    ['settings', ...settingFacts(a.record.settings, b.record.settings)],
    ...(['versions', 'hardware', 'backend', 'data'] as const).map(
      (section): [string, Facts, Facts] => [
        section,
        a.record[section] ?? {},
        b.record[section] ?? {},
      ],
    ),
    ['results', resultFacts(a), resultFacts(b)],
  ];
  return sections.flatMap(([section, left, right]) => {
    const names = new Set([...Object.keys(left), ...Object.keys(right)]);
    return [...names]
      .filter((name) => !isDeepStrictEqual(left[name], right[name]))
      .map((name) => ({ section, name, values: [left[name], right[name]] as const }));
  });
}

/** A setting that a version did not have yet is as good as one that nobody gave. */
function settingFacts(a: Provenance, b: Provenance): [Facts, Facts] {
  const facts = (of: Provenance, other: Provenance) => {
    const names = (Object.keys(of) as OptionName[]).filter((name) => {
      if (PLACES.includes(name)) return false;
      const source = of[name]?.source ?? 'default';
      return other[name] !== undefined || (source !== 'default' && source !== 'recipe');
    });
    return Object.fromEntries(names.map((name) => [name, of[name]?.value]));
  };
  return [facts(a, b), facts(b, a)];
}

function resultFacts({ record, rows }: RunFacts): Facts {
  const last = rows.at(-1) ?? {};
  // Averaged weights, where there are any, decide which epoch is the best.
  const accuracies = rows.map(({ ema_top1, eval_top1 }) => ema_top1 ?? eval_top1 ?? -1);
  const most = Math.max(...accuracies);
  const best = rows[accuracies.indexOf(most)];
  return {
    epochs: rows.length,
    ...Object.fromEntries(LAST.map((column) => [column, last[column]])),
    best_top1: best && most,
    best_epoch: best?.epoch,
    seconds: rows.reduce((sum, { seconds = 0 }) => sum + seconds, 0),
    resumed: record.resumed?.length ?? 0,
    events: record.events?.length ?? 0,
  };
}
