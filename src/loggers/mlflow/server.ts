/** The REST API of an MLflow server. */
import { UsageError } from '../../errors.js';
import { systemReason } from '../../system/system-errors.js';

/** Seconds after which a server that does not answer counts as away. */
const TIMEOUT_SECONDS = 10;
/** Characters of what a server says that a warning shows. */
const REASON_LENGTH = 200;

/** The server answered that it does not do this, and would not do it later. */
export class Refusal extends Error {
  constructor(
    message: string,
    /** MLflow's name of the reason. */
    readonly code: string,
  ) {
    super(message);
  }
}

export interface Server {
  /** Throws a Refusal, or another Error where a second attempt may go well. */
  call(method: 'GET' | 'POST', path: string, fields: Fields): Promise<Answer>;
}

type Fields = Readonly<Record<string, unknown>>;

/** The fields of an answer, none of which is certain. */
export type Answer = Readonly<Record<string, unknown>>;

/** The address of a server; throws a UsageError for another kind of store. */
export function serverAddress(text: string, name: string): URL {
  const address = URL.canParse(text) ? new URL(text) : undefined;
  if (address === undefined || !['http:', 'https:'].includes(address.protocol)) {
    const next = 'MLflow is reached by its server: mlflow server --port 5000';
    throw new UsageError(
      `Expected ${name} to be an address such as http://localhost:5000 but received "${text}": ${next}`,
    );
  }
  if (address.username !== '' || address.password !== '') {
    throw new UsageError(
      `Expected ${name} without a password, which run.json would keep: ` +
        'set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN',
    );
  }
  return address;
}

/** `root` is its address without a slash at the end. */
export function openServer(root: string, variables: NodeJS.ProcessEnv): Server {
  const authorization = authorizationOf(variables);
  const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) };
  return {
    async call(method, path, fields) {
      const url = new URL(`${root}/api/2.0/mlflow/${path}`);
      if (method === 'GET') {
        for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, `${value}`);
      }
      const body = method === 'POST' ? { body: JSON.stringify(fields) } : {};
      const signal = AbortSignal.timeout(1000 * TIMEOUT_SECONDS);
      const response = await fetch(url, { method, headers, signal, ...body }).catch((error) => {
        throw new Error(reasonOf(error), { cause: error });
      });
      const text = await response.text();
      if (response.ok) return fieldsOf(text);
      throw failure(response.status, text);
    },
  };
}

function authorizationOf(variables: NodeJS.ProcessEnv): string | undefined {
  const {
    MLFLOW_TRACKING_USERNAME: user,
    MLFLOW_TRACKING_PASSWORD: password = '',
    MLFLOW_TRACKING_TOKEN: token,
  } = variables;
  if (user) return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return token ? `Bearer ${token}` : undefined;
}

/** Why there was no answer; fetch itself says only that it failed. */
function reasonOf(error: Error): string {
  if (error.name === 'TimeoutError') return `no answer in ${TIMEOUT_SECONDS} seconds`;
  return systemReason(error.cause ?? error);
}

/** Only what is wrong with the request itself is wrong the next time too. */
function failure(status: number, text: string): Error {
  const { error_code: code, message } = fieldsOf(text);
  const said = typeof message === 'string' ? message : text.replace(/\s+/g, ' ');
  const reason = `it answered ${status}: ${said.slice(0, REASON_LENGTH)}`;
  const isFinal = status >= 400 && status < 500 && ![408, 429].includes(status);
  return isFinal ? new Refusal(reason, typeof code === 'string' ? code : '') : new Error(reason);
}

function fieldsOf(text: string): Answer {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? (json as Answer) : {};
  } catch {
    return {};
  }
}
