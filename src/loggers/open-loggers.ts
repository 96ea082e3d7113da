import type { RunDirectory } from '../runs/run-directory.js';
import { joinLoggers, type Logger } from './logger.js';
import { summaryLogger } from './summary.js';

/** All that follow a run. */
export function openLoggers(run: RunDirectory): Logger {
  return joinLoggers([summaryLogger(run)]);
}
