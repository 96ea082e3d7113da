import { basename } from 'node:path';
import type { RunDirectory } from '../runs/run-directory.js';
import type { Provenance } from '../settings/resolve.js';
import type { Settings } from '../settings/types.js';
import { joinLoggers, type Logger } from './logger.js';
import { summaryLogger } from './summary.js';
import { tensorboardLogger } from './tensorboard/logger.js';

export interface LoggedRun {
  readonly settings: Settings<'train'>;
  readonly provenance: Provenance;
  /** Steps taken before this start of the program. */
  readonly step: number;
}

/** All that follow a run. */
export async function openLoggers(
  run: RunDirectory,
  { settings, provenance, step }: LoggedRun,
): Promise<Logger> {
  const loggers = [summaryLogger(run)];
  if (settings.tensorboard) {
    const { path, tensorboard: directory } = run;
    const name = basename(path);
    loggers.push(await tensorboardLogger({ directory, name, step, settings: provenance }));
  }
  return joinLoggers(loggers);
}
