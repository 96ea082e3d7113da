/** The entry of a process that does one piece of work for `cnn experiment run`. */

import { CnnError, RunError } from '../../errors.js';
import type { Seen } from '../../experiment/running/trainer.js';
import { joinReporters } from '../../session/joined-reporters.js';
import { type Reporter, SILENT } from '../../session/reporter.js';
import type { Given } from '../../settings/given.js';
import { createReporter } from '../../terminal/progress.js';
import { dryRun } from '../../train/opening/dry-run.js';
import { runEval } from '../eval.js';
import { givenRequest, runTrain } from '../train.js';
import type { Message, Work } from './processes.js';

/** Between two messages of one work. */
const MILLISECONDS = 200;

/** Tells the parent how far the training has come. */
function watching(): Reporter {
  let sent = 0;
  return {
    ...SILENT,
    advance(_, pace) {
      const now = performance.now();
      if (pace?.run === undefined || now - sent < MILLISECONDS) return;
      sent = now;
      const { run, ...rates } = pace;
      const seen: Seen = { ...run, ...rates };
      send({ seen });
    },
  };
}

function send(message: Message): void {
  if (process.connected) process.send?.(message);
}

async function result({ kind, given }: Work): Promise<Message> {
  const reporter = joinReporters(createReporter(), watching());
  if (kind === 'probe') {
    const { expectation } = await dryRun(await givenRequest(given, reporter), reporter);
    return { seconds: expectation.seconds };
  }
  const run = kind === 'train' ? runTrain : (values: Given) => runEval(values, reporter);
  const { json } = await run(given, reporter);
  const { loss, top1, top5, images } = json;
  // The system counts in KiB.
  const peakBytes = 1024 * process.resourceUsage().maxRSS;
  return { scores: { loss, top1, top5, images }, peakBytes };
}

// Without a parent nobody waits for the work: a training saves what it has.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
let code = 0;
try {
  send(await result(JSON.parse(process.argv[2] ?? '') as Work));
} catch (error) {
  const { message, exitCode } = error instanceof CnnError ? error : new RunError(String(error));
  process.stderr.write(`error: ${message}\n`);
  send({ error: message, exitCode });
  code = exitCode;
}
process.removeAllListeners('disconnect');
// What was sent is written before the channel closes.
process.once('disconnect', () => process.exit(code));
if (process.connected) process.disconnect();
else process.exit(code);
