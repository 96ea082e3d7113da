/** The entry of a process that does one piece of work for `cnn experiment run`. */
import { CnnError, RunError } from '../../errors.js';
import { joinReporters } from '../../session/joined-reporters.js';
import { type Reporter, SILENT } from '../../session/reporter.js';
import { createReporter } from '../../terminal/progress.js';
import type { Message } from './processes.js';
import { doWork } from './work.js';

/** Between two messages of one work. */
const MILLISECONDS = 200;

/** Tells the parent how far the training has come. */
function telling(): Reporter {
  let sent = 0;
  return {
    ...SILENT,
    advance(_, pace) {
      const now = performance.now();
      if (pace?.run === undefined || now - sent < MILLISECONDS) return;
      sent = now;
      const { run, ...rates } = pace;
      send({ seen: { ...run, ...rates } });
    },
  };
}

function send(message: Message): void {
  if (process.connected) process.send?.(message);
}

// Without a parent nobody waits for the work: a training saves what it has.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
let code = 0;
try {
  const reporter = joinReporters(createReporter(), telling());
  send({ done: await doWork(JSON.parse(process.argv[2] ?? ''), reporter) });
} catch (error) {
  const { message, exitCode } = error instanceof CnnError ? error : new RunError(String(error));
  process.stderr.write(`error: ${error instanceof CnnError ? message : (error as Error).stack}\n`);
  send({ error: message, exitCode });
  code = exitCode;
}
process.removeAllListeners('disconnect');
// What was sent is written before the channel closes.
process.once('disconnect', () => process.exit(code));
if (process.connected) process.disconnect();
else process.exit(code);
