import { titleOf } from '../../archs/index.js';
import { launchedBy } from '../../distributed/launcher.js';
import { openWorld } from '../../distributed/open-world.js';
import { rankReporter } from '../../distributed/rank-reporter.js';
import { benchmarkTraining } from '../../measure/training.js';
import type { Given } from '../../settings/given.js';
import { givenSources } from '../../settings/given.js';
import { resolveSettings } from '../../settings/resolve.js';
import { createReporter } from '../../terminal/progress.js';
import { checkAlike } from '../../train/start/divided.js';
import { givenArchitecture } from '../architecture.js';
import type { Result } from '../command.js';
import { withWorld } from '../with-world.js';
import { speedLines } from './speed-lines.js';

export async function runBenchTrain(given: Given): Promise<Result> {
  const sources = await givenSources('bench', given);
  const architecture = givenArchitecture(sources, '--arch alexnet (see cnn archs)');
  const { settings, provenance } = resolveSettings('bench', sources, architecture);
  const reporter = rankReporter(createReporter(), launchedBy());
  const world = await openWorld(settings.distTimeout, reporter);
  const result = await withWorld(world, async () => {
    await checkAlike(world, { settings, provenance, architecture });
    return benchmarkTraining(architecture, settings, reporter, world);
  });
  if (!world.leads) return { lines: [], json: result, silent: true };
  return { lines: speedLines(titleOf(architecture), result, 'step'), json: result };
}
