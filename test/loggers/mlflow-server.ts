/** What the MLflow client needs of a server, with MLflow's limits and errors. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Metric {
  readonly key: string;
  readonly value: number;
  readonly step: number;
}
type Pair = { readonly key: string; readonly value: string };

interface StoredRun {
  readonly info: Record<string, unknown>;
  readonly data: { metrics: Metric[]; params: Pair[]; tags: Pair[] };
}

export interface StandIn {
  readonly uri: string;
  readonly requests: string[];
  /** What the server does instead of answering. */
  fault: ((path: string) => { status: number; body: unknown } | 'hang' | undefined) | undefined;
  close(): Promise<void>;
}

class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const STATUS: Readonly<Record<string, number>> = {
  RESOURCE_DOES_NOT_EXIST: 404,
  RESOURCE_ALREADY_EXISTS: 400,
  INVALID_PARAMETER_VALUE: 400,
};

export async function startStandIn(port = 0): Promise<StandIn> {
  const state = { experiments: new Map<string, string>(), runs: new Map<string, StoredRun>() };
  const requests: string[] = [];
  const standIn: Pick<StandIn, 'fault'> = { fault: undefined };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    const path = url.pathname.replace('/api/2.0/mlflow/', '');
    requests.push(path);
    const fields = { ...Object.fromEntries(url.searchParams), ...(await bodyOf(request)) };
    const fault = standIn.fault?.(path);
    if (fault === 'hang') return;
    const { status, body } = fault ?? answer(state, path, fields);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return Object.assign(standIn, {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () => stop(server),
  });
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const part of request) text += part;
  return text === '' ? {} : JSON.parse(text);
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

type State = { experiments: Map<string, string>; runs: Map<string, StoredRun> };
// biome-ignore lint/suspicious/noExplicitAny: what a client sent
type Fields = Record<string, any>;

function answer(state: State, path: string, fields: Fields): { status: number; body: unknown } {
  try {
    const handler = HANDLERS[path];
    if (handler === undefined) throw new ApiError('ENDPOINT_NOT_FOUND', path);
    return { status: 200, body: handler(state, fields) };
  } catch (error) {
    const { code, message } = error as ApiError;
    return { status: STATUS[code] ?? 404, body: { error_code: code, message } };
  }
}

const HANDLERS: Readonly<Record<string, (state: State, fields: Fields) => unknown>> = {
  'experiments/get-by-name': ({ experiments }, { experiment_name: name }) => {
    const id = experiments.get(name);
    if (id === undefined) throw new ApiError('RESOURCE_DOES_NOT_EXIST', `No experiment ${name}`);
    return { experiment: { experiment_id: id, name } };
  },
  'experiments/create': ({ experiments }, { name }) => {
    if (experiments.has(name)) throw new ApiError('RESOURCE_ALREADY_EXISTS', name);
    experiments.set(name, `${experiments.size + 1}`);
    return { experiment_id: experiments.get(name) };
  },
  'runs/create': ({ runs, experiments }, { experiment_id, run_name, start_time, tags }) => {
    if (![...experiments.values()].includes(experiment_id)) {
      throw new ApiError('RESOURCE_DOES_NOT_EXIST', `No experiment ${experiment_id}`);
    }
    const run_id = `${runs.size + 1}`.padStart(32, '0');
    const info = { run_id, run_name, experiment_id, start_time, status: 'RUNNING' };
    runs.set(run_id, { info, data: { metrics: [], params: [], tags: [...tags] } });
    return { run: runs.get(run_id) };
  },
  'runs/get': (state, { run_id }) => {
    const { info, data } = runOf(state, run_id);
    const latest = new Map(data.metrics.map((metric) => [metric.key, metric]));
    return { run: { info, data: { ...data, metrics: [...latest.values()] } } };
  },
  'runs/update': (state, { run_id, ...changes }) => {
    return { run_info: Object.assign(runOf(state, run_id).info, changes) };
  },
  'runs/log-batch': (state, { run_id, metrics = [], params = [], tags = [] }) => {
    const { data } = runOf(state, run_id);
    for (const [name, list, most] of [
      ['metrics', metrics, 1000],
      ['params', params, 100],
      ['tags', tags, 100],
    ] as const) {
      if (list.length > most) throw new ApiError('INVALID_PARAMETER_VALUE', `Too many ${name}`);
    }
    for (const { key, value } of params) addParam(data.params, key, value);
    data.metrics.push(...metrics);
    for (const tag of tags) {
      data.tags = [...data.tags.filter(({ key }) => key !== tag.key), tag];
    }
    return {};
  },
  'metrics/get-history': (state, { run_id, metric_key }) => {
    const { metrics } = runOf(state, run_id).data;
    return { metrics: metrics.filter(({ key }) => key === metric_key) };
  },
};

function runOf({ runs }: State, id: string): StoredRun {
  const run = runs.get(id);
  if (run === undefined)
    throw new ApiError('RESOURCE_DOES_NOT_EXIST', `Run with id=${id} not found`);
  return run;
}

/** A parameter cannot change, and servers of before version 2.9 take 500 characters at most. */
function addParam(params: Pair[], key: string, value: string): void {
  if (Buffer.byteLength(value) > 500)
    throw new ApiError('INVALID_PARAMETER_VALUE', `${key} is long`);
  const known = params.find((param) => param.key === key);
  if (known !== undefined && known.value !== value) {
    throw new ApiError('INVALID_PARAMETER_VALUE', `Changing param values is not allowed: ${key}`);
  }
  if (known === undefined) params.push({ key, value });
}
