/** The run of an MLflow server that a run is sent to. */
import { userInfo } from 'node:os';
import type { RunRecord } from '../../runs/run-directory.js';
import { describeSetting } from '../../settings/describe-origin.js';
import { type Answer, Refusal, type Server } from './server.js';

/** Parameters in one request; and how long texts may be, in bytes. */
const LIMITS = { params: 100, paramLength: 500, tagLength: 5000 };

/** What the server has of a run. */
export interface ServerRun {
  readonly id: string;
  /** The last step with figures. */
  readonly step: number;
  /** The names of its parameters, which cannot change. */
  readonly params: ReadonlySet<string>;
}

/** Goes on with a run from before; undefined where the server has lost it. */
export async function continueRun(server: Server, id: string): Promise<ServerRun | undefined> {
  try {
    const { run } = await server.call('GET', 'runs/get', { run_id: id });
    await server.call('POST', 'runs/update', { run_id: id, status: 'RUNNING' });
    const data = fieldsOf(fieldsOf(run)['data']);
    const steps = listOf(data['metrics']).map(({ step }) => Number(step));
    const params = listOf(data['params']).map(({ key }) => String(key));
    const step = Math.max(0, ...steps.filter(Number.isFinite));
    return { id, step, params: new Set(params) };
  } catch (error) {
    if (error instanceof Refusal && error.code === 'RESOURCE_DOES_NOT_EXIST') return undefined;
    throw error;
  }
}

export async function createRun(
  server: Server,
  experiment: string,
  name: string,
): Promise<ServerRun> {
  const { run } = await server.call('POST', 'runs/create', {
    experiment_id: await experimentNamed(server, experiment),
    run_name: name,
    start_time: Date.now(),
    tags: tagsOf({ 'mlflow.user': userName(), 'mlflow.source.name': 'cnn train' }),
  });
  const id = fieldsOf(fieldsOf(run)['info'])['run_id'];
  if (typeof id !== 'string') throw new Refusal('it names no run: is it an MLflow server?', '');
  return { id, step: 0, params: new Set() };
}

async function experimentNamed(server: Server, name: string): Promise<unknown> {
  const find = async () => {
    const query = { experiment_name: name };
    const { experiment } = await server.call('GET', 'experiments/get-by-name', query);
    return fieldsOf(experiment)['experiment_id'];
  };
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'RESOURCE_DOES_NOT_EXIST') throw error;
  }
  try {
    return (await server.call('POST', 'experiments/create', { name }))['experiment_id'];
  } catch (error) {
    // Another run has just made it.
    if (error instanceof Refusal && error.code === 'RESOURCE_ALREADY_EXISTS') return find();
    throw error;
  }
}

/** Settings become parameters; what changed when the run was resumed, versions and the rest, tags. */
export async function describeRun(
  server: Server,
  { id, params }: ServerRun,
  { versions, hardware, backend, data, resumed, settings }: RunRecord,
): Promise<void> {
  const changes = resumed.flatMap(({ step, changed }) => {
    const texts = Object.entries(changed).map(([name, { value }]) => {
      return [`${step}.${name}`, describeSetting(value)] as const;
    });
    return texts;
  });
  const tags = tagsOf({
    ...prefixed('version', versions),
    ...prefixed('hardware', hardware),
    ...prefixed('backend', backend),
    ...prefixed('data', { name: data.name, fingerprint: data.fingerprint }),
    ...prefixed('resumed', Object.fromEntries(changes)),
  });
  const added = Object.entries(settings)
    .filter(([key]) => !params.has(key))
    .map(([key, { value }]) => ({ key, value: cut(describeSetting(value), LIMITS.paramLength) }));
  for (const some of batches(tags, LIMITS.params)) {
    await server.call('POST', 'runs/log-batch', { run_id: id, tags: some });
  }
  for (const some of batches(added, LIMITS.params)) {
    await server.call('POST', 'runs/log-batch', { run_id: id, params: some });
  }
}

export function* batches<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

function prefixed(prefix: string, values: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]),
  );
}

function tagsOf(values: Readonly<Record<string, unknown>>) {
  return Object.entries(values).map(([key, value]) => {
    return { key, value: cut(`${value}`, LIMITS.tagLength) };
  });
}

/** A text of at most so many bytes. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const start = Buffer.from(text).subarray(0, bytes - Buffer.byteLength('…'));
  return `${start.toString().replace(/\ufffd$/, '')}…`;
}

/** Containers may have users without a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}

function fieldsOf(value: unknown): Answer {
  return typeof value === 'object' && value !== null ? (value as Answer) : {};
}

function listOf(value: unknown): Answer[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}
