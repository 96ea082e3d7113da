/** Trains and evaluates the runs of an experiment as `cnn train` and `cnn eval` do. */
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Cell } from '../../experiment/file/cells.js';
import type { EnsembleScores } from '../../experiment/running/ensembles.js';
import { type PlannedRun, writeOutcome } from '../../experiment/running/runs.js';
import type { Trainer } from '../../experiment/running/trainer.js';
import type { Given } from '../../settings/given.js';
import type { OptionName } from '../../settings/options/index.js';
import { makeDirectories, replaceFile, temporaryName } from '../../system/files.js';
import type { Done, DoWork } from './work.js';

export interface CellTrainer extends Trainer {
  /** Evaluates the runs of a cell as one network. */
  ensemble(cell: Cell, directories: readonly string[]): Promise<EnsembleScores>;
}

/** Settings of a training with which its networks are evaluated too. */
const COMPUTING = ['backend', 'device', 'precision', 'threads', 'workers', 'batch-size'] as const;

/** `machine`: settings of the machine for each piece of work. */
export function createTrainer(doWork: DoWork, machine: Given): CellTrainer {
  return {
    async train(run, resume, onSeen) {
      const { directory, cell } = run;
      const own = resume ? { resume: directory } : await newRun(run);
      const given = { ...own, ...overridesOf(cell), ...machine };
      const log = `${directory}.log`;
      const { scores, peakBytes } = scored(await doWork({ kind: 'train', given }, log, onSeen));
      const ended = new Date().toISOString();
      await writeOutcome(directory, { ended, peak_bytes: peakBytes });
      return scores;
    },
    async probe(cell, seed) {
      const file = temporaryName(join(tmpdir(), 'cnn-cell'));
      const [config, log] = [`${file}.json`, `${file}.log`];
      await replaceFile(config, configText(cell, seed));
      try {
        const given = { config, 'dry-run': true, ...overridesOf(cell), ...machine };
        const done = await doWork({ kind: 'probe', given }, log, () => {});
        return 'seconds' in done ? done.seconds : 0;
      } finally {
        for (const path of [config, log]) await rm(path, { force: true });
      }
    },
    async ensemble({ resolved }, directories) {
      const [checkpoint = '', ...ensemble] = directories;
      const own = COMPUTING.flatMap((name) => {
        const value = resolved.provenance[name]?.value ?? null;
        return value === null ? [] : [[name, flagText(value)]];
      });
      const given = { checkpoint, ensemble, ...Object.fromEntries(own), ...machine };
      const log = join(dirname(checkpoint), 'ensemble.log');
      return scored(await doWork({ kind: 'evaluate', given }, log, () => {})).scores;
    },
  };
}

function scored(done: Done) {
  if ('scores' in done) return done;
  throw new Error('Expected the scores of a training or an evaluation');
}

/** The options of a new run, whose settings are in a file beside its directory. */
async function newRun({ cell, seed, directory }: PlannedRun): Promise<Given> {
  const output = dirname(directory);
  await makeDirectories(output);
  const config = `${directory}.json`;
  await replaceFile(config, configText(cell, seed));
  return { config, output, experiment: `seed-${seed}` };
}

function configText({ sources: [own] }: Cell, seed: number): string {
  return `${JSON.stringify({ ...own?.values, seed }, undefined, 2)}\n`;
}

/** What flags and the environment of this start gave. */
function overridesOf({ sources: [, ...given] }: Cell): Given {
  const values = Object.assign({}, ...given.map((source) => source.values));
  const entries = Object.entries(values as Partial<Record<OptionName, unknown>>);
  return Object.fromEntries(entries.map(([name, value]) => [name, flagText(value)]));
}

function flagText(value: unknown): string | boolean {
  return typeof value === 'boolean' ? value : String(value);
}
