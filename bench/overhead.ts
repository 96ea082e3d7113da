/**
 * What the record of a run costs of an epoch of AlexNet on ImageNet: blocks of steps without and with
 * loggers in turn, in one training, and a checkpoint after each round.
 *
 *     npx tsx bench/overhead.ts
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findArchitecture } from '../src/archs/index.js';
import { joinLoggers, type Logger } from '../src/loggers/logger.js';
import { openLoggers } from '../src/loggers/open-loggers.js';
import { median } from '../src/measure/median.js';
import { estimateMemory } from '../src/measure/memory.js';
import { openEventLog } from '../src/runs/events.js';
import type { Progress } from '../src/runs/state.js';
import { SILENT } from '../src/session/reporter.js';
import { OPTIONS } from '../src/settings/options/index.js';
import { resolveSettings } from '../src/settings/resolve.js';
import { flagValues } from '../src/settings/validate.js';
import { Agreement } from '../src/train/agreement.js';
import { trainEpoch } from '../src/train/epoch.js';
import { summaryRow } from '../src/train/epoch-report.js';
import { openOutlook } from '../src/train/opening/opening.js';
import { MOST_SHARE, Saver } from '../src/train/saving/saver.js';
import { createSentinel } from '../src/train/sentinel/create-sentinel.js';
import { type Prepared, prepareTraining } from '../src/train/start/prepare.js';
import { startRun } from '../src/train/start/start-run.js';
import { startStandIn } from '../test/loggers/mlflow-server.js';

/** ILSVRC's training images. */
const IMAGES = 1_281_167;
/** The defaults of --print-freq and --checkpoint-minutes. */
const PRINT_FREQ = Number(OPTIONS['print-freq'].default);
const MINUTES = Number(OPTIONS['checkpoint-minutes'].default);

const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: 'alexnet' },
    'batch-size': { type: 'string', default: '16' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '10' },
  },
});
const [rounds, steps] = [Number(values.rounds), Number(values.steps)];

/** Milliseconds of each call of a kind. */
type Times = Record<'plain' | 'logged' | 'report' | 'epoch' | 'checkpoint' | 'best', number[]>;

async function measure(): Promise<Times> {
  const output = await mkdtemp(join(tmpdir(), 'cnn-overhead-'));
  const mlflow = await startStandIn();
  const prepared = await prepare({ output, mlflow: mlflow.uri });
  try {
    return await runRounds(prepared);
  } finally {
    await prepared.close();
    await mlflow.close();
    await rm(output, { recursive: true });
  }
}

function prepare(given: Readonly<Record<string, string>>): Promise<Prepared> {
  const architecture = findArchitecture(values.arch);
  const flags = { ...given, data: 'synthetic', 'batch-size': values['batch-size'] };
  const more = { arch: values.arch, tensorboard: true, 'print-freq': '1', epochs: '1000' };
  const source = { values: flagValues('train', { ...flags, ...more }), source: 'flag' } as const;
  const resolved = resolveSettings('train', [source], architecture);
  return prepareTraining({ ...resolved, architecture, data: 'synthetic', estimateMemory }, SILENT);
}

async function runRounds(prepared: Prepared): Promise<Times> {
  const times: Times = { plain: [], logged: [], report: [], epoch: [], checkpoint: [], best: [] };
  const { request } = prepared;
  const { settings } = request;
  const run = await startRun(prepared);
  const opened = await openLoggers(run, { ...request, step: 0 }, SILENT);
  const logger = timedLogger(opened, times);
  const events = openEventLog(run);
  const saver = new Saver({ ...prepared, settings, run, reporter: SILENT }, 0);
  const common = {
    ...{ ...prepared, settings, run, events, reporter: SILENT },
    sentinel: createSentinel(prepared, { reporter: SILENT, events }),
    outlook: openOutlook(prepared, SILENT),
    stopAsked: new AbortController().signal,
    agreement: new Agreement(prepared.world, { signal: undefined }),
  };

  /** Takes steps and returns where they led; the first one, which prepares, does not count. */
  async function block(kind: 'plain' | 'logged', from: Progress): Promise<Progress> {
    let [taken, start] = [0, 0];
    const onStep = () => {
      taken++;
      if (taken === 1) start = performance.now();
    };
    const training = {
      ...common,
      // A report reads from the device, with loggers and without.
      logger: kind === 'plain' ? joinLoggers([]) : logger,
      stepHooks: [onStep],
      stopped: () => taken > steps,
    };
    const { progress } = await trainEpoch(training, { ...from, stepInEpoch: 0 });
    times[kind].push((performance.now() - start) / (taken - 1));
    return progress;
  }

  let progress = prepared.start;
  for (let round = 0; round < rounds; round++) {
    const kinds = round % 2 === 0 ? (['plain', 'logged'] as const) : (['logged', 'plain'] as const);
    for (const kind of kinds) progress = await block(kind, progress);
    const scores = { loss: 1, top1: 10, top5: 50, images: 100 };
    await logger.onEpoch(summaryRow(common, progress, scores), []);
    for (const kind of ['checkpoint', 'best'] as const) {
      const start = performance.now();
      await saver.save(progress, kind === 'best');
      times[kind].push(performance.now() - start);
    }
    console.error(`round ${round + 1} of ${rounds}`);
  }
  await logger.onEnd('finished');
  return times;
}

/** Times what the training waits for. */
function timedLogger(logger: Logger, times: Times): Logger {
  return {
    onSteps(figures) {
      const start = performance.now();
      logger.onSteps(figures);
      times.report.push(performance.now() - start);
    },
    async onEpoch(row, before) {
      const start = performance.now();
      await logger.onEpoch(row, before);
      times.epoch.push(performance.now() - start);
    },
    onEnd: (ending) => logger.onEnd(ending),
  };
}

const times = await measure();
const ms = Object.fromEntries(
  Object.entries(times).map(([name, list]) => [name, median(list)]),
) as Record<keyof Times, number>;
const epochSteps = Math.floor(IMAGES / Number(values['batch-size']));
const epoch = epochSteps * ms.plain;
const reports = epochSteps / PRINT_FREQ;
const logging = reports * ms.report + ms.epoch;
// Within an epoch they take at most a share of the time.
const within = Math.floor(epoch / Math.max(60_000 * MINUTES, ms.checkpoint / MOST_SHARE));
const saving = within * ms.checkpoint + ms.best;
const share = (part: number) => `${((100 * part) / epoch).toPrecision(2)} %`;
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`;
console.log(
  `${values.arch}, batch ${values['batch-size']}: a step takes ${ms.plain.toFixed(1)} ms,`,
);
console.log(`  with loggers that report each step ${ms.logged.toFixed(1)} ms`);
console.log(`a report takes ${ms.report.toFixed(3)} ms, a row ${ms.epoch.toFixed(2)} ms`);
console.log(
  `a checkpoint takes ${seconds(ms.checkpoint)}, as the best one too ${seconds(ms.best)}`,
);
console.log(`an epoch of ${IMAGES} images takes ${(epoch / 3_600_000).toFixed(2)} h, of that`);
console.log(`  ${Math.round(reports)} reports and a row ${share(logging)}`);
console.log(`  ${within} checkpoints within it and one at its end ${share(saving)}`);
