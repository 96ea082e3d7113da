import { basename } from 'node:path';
import { type RunDirectory, readRecord } from '../runs/run-directory.js';
import type { Reporter } from '../session/reporter.js';
import type { Provenance } from '../settings/resolve.js';
import type { Settings } from '../settings/types.js';
import { joinLoggers, type Logger } from './logger.js';
import { mlflowLogger } from './mlflow/logger.js';
import { serverAddress } from './mlflow/server.js';
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
  reporter: Reporter,
): Promise<Logger> {
  const name = basename(run.path);
  const loggers = [summaryLogger(run)];
  if (settings.tensorboard) {
    const { tensorboard: directory } = run;
    loggers.push(await tensorboardLogger({ directory, name, step, settings: provenance }));
  }
  const { mlflow: file } = run;
  const uri = mlflowAddress({ settings, provenance }, reporter);
  if (uri !== undefined) {
    loggers.push(mlflowLogger({ uri, file, name, record: await readRecord(run) }, reporter));
  }
  return joinLoggers(loggers);
}

/**
 * The address of the MLflow server. Throws a UsageError where --mlflow is none; what other programs
 * find in the environment only leaves it out.
 */
export function mlflowAddress(
  { settings, provenance }: Pick<LoggedRun, 'settings' | 'provenance'>,
  { warn }: Pick<Reporter, 'warn'>,
): URL | undefined {
  const { mlflow } = settings;
  if (mlflow === null) return undefined;
  const { source, where } = provenance.mlflow ?? {};
  if (source !== 'environment') return serverAddress(mlflow, '--mlflow');
  try {
    return serverAddress(mlflow, `${where}`);
  } catch (error) {
    warn(`${(error as Error).message}. The run is not sent to it`);
    return undefined;
  }
}
