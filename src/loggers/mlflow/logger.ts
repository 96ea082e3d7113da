import { COLUMNS, type StoredRow } from '../../runs/csv.js';
import type { RunRecord } from '../../runs/run-directory.js';
import type { Reporter } from '../../session/reporter.js';
import type { Ending, Logger } from '../logger.js';
import { keepKnownRun, readKnownRun } from './known-run.js';
import { openOutbox } from './outbox.js';
import { openServer } from './server.js';
import { batches, continueRun, createRun, describeRun } from './server-run.js';

export interface MlflowRun {
  readonly uri: URL;
  /** The file that keeps which of the server's runs this is. */
  readonly file: string;
  readonly name: string;
  readonly record: RunRecord;
}

/** Metrics in one request. */
const BATCH = 1000;

const STATUS: Readonly<Record<Ending, string>> = {
  finished: 'FINISHED',
  stopped: 'KILLED',
  failed: 'FAILED',
};

/** All columns but those that say where a row is. */
const METRICS = COLUMNS.filter((column) => column !== 'step' && column !== 'steps');

/**
 * Sends the epochs of a run to an MLflow server, in the background. A resumed run goes on in the
 * server's run, with the epochs that the server has not got yet.
 */
export function mlflowLogger(
  { uri: address, file, name, record }: MlflowRun,
  reporter: Pick<Reporter, 'note' | 'warn'>,
  variables: NodeJS.ProcessEnv = process.env,
): Logger {
  const uri = address.href.replace(/\/+$/, '');
  const server = openServer(uri, variables);
  const outbox = openOutbox(`MLflow at ${uri}`, reporter);
  const experiment = variables['MLFLOW_EXPERIMENT_NAME'] || 'cnn';
  let id = '';
  /** The rows of all epochs, and the step of the last one that the server has. */
  let [rows, sent]: [readonly StoredRow[], number] = [[], 0];
  let isWaiting = false;

  async function begin(): Promise<void> {
    const known = await readKnownRun(file, uri);
    const found = known === undefined ? undefined : await continueRun(server, known);
    const run = found ?? (await createRun(server, experiment, name));
    await keepKnownRun(file, { uri, id: run.id });
    await describeRun(server, run, record);
    id = run.id;
    sent = run.step;
    reporter.note(`MLflow run ${id} at ${uri}`);
  }

  async function sendRows(): Promise<void> {
    const unsent = rows.filter((row) => stepOf(row) > sent);
    isWaiting = false;
    const timestamp = Date.now();
    for (const metrics of batches(
      unsent.flatMap((row) => metricsOf(row, timestamp)),
      BATCH,
    )) {
      await server.call('POST', 'runs/log-batch', { run_id: id, metrics });
    }
    sent = Math.max(sent, ...unsent.map(stepOf));
  }

  outbox.add(begin);
  return {
    onSteps: () => {},
    async onEpoch(row, before) {
      rows = [...before, row];
      if (!isWaiting) outbox.add(sendRows);
      isWaiting = true;
    },
    async onEnd(ending) {
      const end = { status: STATUS[ending], end_time: Date.now() };
      outbox.add(async () => {
        await server.call('POST', 'runs/update', { run_id: id, ...end });
      });
      await outbox.close();
    },
  };
}

function metricsOf(row: StoredRow, timestamp: number) {
  const step = stepOf(row);
  return METRICS.flatMap((key) => {
    const value = row[key];
    return typeof value === 'number' ? [{ key, value, timestamp, step }] : [];
  });
}

function stepOf(row: StoredRow): number {
  return row['step'] ?? row['steps'] ?? 0;
}
