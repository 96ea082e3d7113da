/** The pieces of work that `cnn experiment run` gives to processes. */
import type { EnsembleScores } from '../../experiment/running/ensembles.js';
import type { Seen } from '../../experiment/running/trainer.js';
import type { Reporter } from '../../session/reporter.js';
import type { Given } from '../../settings/given.js';
import { dryRun } from '../../train/opening/dry-run.js';
import { runEval } from '../eval.js';
import { givenRequest, runTrain } from '../train.js';

/** Options of `cnn train`, or with `evaluate` of `cnn eval`. */
export interface Work {
  readonly kind: 'train' | 'probe' | 'evaluate';
  readonly given: Given;
}

/** What came of it. */
export type Done =
  | { readonly seconds: number }
  | { readonly scores: EnsembleScores; readonly peakBytes: number };

/** Does a piece of work, wherever it is done; `log` is the file for what it prints. */
export type DoWork = (work: Work, log: string, onSeen: (seen: Seen) => void) => Promise<Done>;

/** Does it in this process. */
export async function doWork({ kind, given }: Work, reporter: Reporter): Promise<Done> {
  if (kind === 'probe') {
    const { expectation } = await dryRun(await givenRequest(given, reporter), reporter);
    return { seconds: expectation.seconds };
  }
  const { json } = await (kind === 'train' ? runTrain(given, reporter) : runEval(given, reporter));
  const { loss, top1, top5, images } = json;
  // The system counts in KiB.
  const peakBytes = 1024 * process.resourceUsage().maxRSS;
  return { scores: { loss, top1, top5, images }, peakBytes };
}
