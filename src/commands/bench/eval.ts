import { titleOf } from '../../archs/index.js';
import { benchmarkEvaluation } from '../../measure/evaluation.js';
import type { Given } from '../../settings/given.js';
import { givenSources } from '../../settings/given.js';
import { resolveSettings } from '../../settings/resolve.js';
import { createReporter } from '../../terminal/progress.js';
import { givenArchitecture } from '../architecture.js';
import type { Result } from '../command.js';
import { speedLines } from './speed-lines.js';

export async function runBenchEval(given: Given): Promise<Result> {
  const sources = await givenSources('bench-eval', given);
  const architecture = givenArchitecture(sources, '--arch alexnet (see cnn archs)');
  const { settings } = resolveSettings('bench-eval', sources, architecture);
  const measured = await benchmarkEvaluation(architecture, settings, createReporter());
  // The batch is in memory.
  const { data_wait_percent: _, ...result } = measured;
  return { lines: speedLines(titleOf(architecture), measured, 'pass'), json: result };
}
