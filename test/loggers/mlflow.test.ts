/**
 * The same runs are logged to a stand-in, always, and to MLflow's own server where npm run
 * test:loggers has installed one.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { UsageError } from '../../src/errors.js';
import { mlflowLogger } from '../../src/loggers/mlflow/logger.js';
import { serverAddress } from '../../src/loggers/mlflow/server.js';
import { PACKAGE_ROOT } from '../../src/package-root.js';
import type { Row } from '../../src/runs/csv.js';
import type { RunRecord } from '../../src/runs/run-directory.js';
import { temporaryDirectory } from '../commands/program.js';
import { type Metric, type StandIn, startStandIn } from './mlflow-server.js';

const INSTALLED = process.env['CNN_TEST_LOGGERS'];
const LONG = 'é'.repeat(400);

/** A row whose loss tells its epoch. */
function row(epoch: number): Row {
  const zeros = { train_top1: 0, train_top5: 0, eval_top1: 0, eval_top5: 0, images_per_second: 0 };
  const rest = { eval_loss: 1, lr: 0.1, data_wait_percent: 0, seconds: 1 };
  return { ...zeros, ...rest, epoch, step: 10 * epoch, steps: 10 * epoch, train_loss: 1 / epoch };
}
const ROWS = [1, 2, 3, 4].map(row);

/** 250 settings, so that they need three requests. */
function record(changes: RunRecord['resumed'] = []): RunRecord {
  const numbered = Array.from({ length: 248 }, (_, index) => {
    return [`setting-${index}`, { value: index, source: 'default' }];
  });
  const texts = {
    classes: { value: LONG, source: 'flag' },
    subset: { value: null, source: 'flag' },
  };
  return {
    settings: { ...Object.fromEntries(numbered), ...texts },
    versions: { cnn: '1' },
    hardware: { cores: 2 },
    backend: { name: 'js', precision: 'f32', threads: 1, why: '' },
    data: {
      name: 'mnist',
      root: '/mnist',
      fingerprint: 'abc',
      training: 1,
      validation: 1,
      classes: [],
    },
    resumed: changes,
    started: '',
  } as RunRecord;
}

type Pairs = readonly { readonly key: string; readonly value: string }[];
/** The parts of answers that tests look at. */
interface Answered {
  readonly run: {
    readonly info: Readonly<Record<string, string>>;
    readonly data: { readonly params: Pairs; readonly tags: Pairs };
  };
  readonly experiment: { readonly experiment_id: string };
  readonly metrics: readonly Metric[];
}

describe('runs in MLflow', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();
  let count = 0;

  /** A run of this test, and what it said. */
  function newRun(uri: string, variables: NodeJS.ProcessEnv = {}) {
    const file = join(directory.path, `${count++}.json`);
    const said: string[] = [];
    const reporter = {
      note: (line: string) => void said.push(line),
      warn: (line: string) => void said.push(`warning: ${line}`),
    };
    const open = (of: RunRecord = record()) =>
      mlflowLogger({ uri: new URL(uri), file, name: 'lenet5', record: of }, reporter, variables);
    const id = async () => JSON.parse(await readFile(file, 'utf8')).id as string;
    return { open, said, id, file };
  }

  async function ask(uri: string, path: string): Promise<Answered> {
    const response = await fetch(`${uri}/api/2.0/mlflow/${path}`);
    assert.equal(response.status, 200, path);
    return (await response.json()) as Answered;
  }

  const history = async (uri: string, id: string, key: string): Promise<[number, number][]> => {
    const { metrics } = await ask(uri, `metrics/get-history?run_id=${id}&metric_key=${key}`);
    return metrics.map(({ step, value }) => [Number(step), value]);
  };
  const expected = (epochs: number) =>
    ROWS.slice(0, epochs).map(({ epoch }) => [10 * epoch, 1 / epoch]);

  function testServer(uriOf: () => string): void {
    it('have settings as parameters, epochs as metrics and the status of the end', async () => {
      const { open, id, said } = newRun(uriOf(), { MLFLOW_EXPERIMENT_NAME: 'digits' });
      const logger = open();
      await logger.onEpoch(row(1), []);
      await logger.onEpoch(row(2), ROWS.slice(0, 1));
      await logger.onEnd('finished');
      // A real server on a loaded machine may need longer than the client waits for its first answer.
      const lines = said.filter((line) => !/no answer in 10 seconds|answers again$/.test(line));
      assert.deepEqual(lines, [`MLflow run ${await id()} at ${uriOf()}`]);
      const { run } = await ask(uriOf(), `runs/get?run_id=${await id()}`);
      const named = await ask(uriOf(), 'experiments/get-by-name?experiment_name=digits');
      assert.equal(run.info.experiment_id, named.experiment.experiment_id);
      assert.deepEqual([run.info.status, run.info.run_name], ['FINISHED', 'lenet5']);
      const params = new Map(run.data.params.map(({ key, value }) => [key, value]));
      assert.equal(params.size, 250);
      assert.equal(params.get('setting-247'), '247');
      assert.equal(params.get('subset'), '-');
      assert.equal(params.get('classes'), `${'é'.repeat(248)}…`);
      const tags = new Map(run.data.tags.map(({ key, value }) => [key, value]));
      assert.deepEqual([tags.get('data.fingerprint'), tags.get('hardware.cores')], ['abc', '2']);
      assert.deepEqual(await history(uriOf(), await id(), 'train_loss'), expected(2));
    });

    it('go on after a resume, with what the server did not get and nothing twice', async () => {
      const { open, id } = newRun(uriOf());
      const first = open();
      await first.onEpoch(row(1), []);
      await first.onEnd('stopped');
      const before = await id();
      assert.equal((await ask(uriOf(), `runs/get?run_id=${before}`)).run.info.status, 'KILLED');
      const changed = { lr: { value: 0.01, source: 'flag' } } as const;
      const resumed = record([{ time: '', step: 10, changed }]);
      const second = open({ ...resumed, settings: { ...resumed.settings, ...changed } });
      // The second epoch was saved but not sent.
      await second.onEpoch(row(3), ROWS.slice(0, 2));
      await second.onEnd('failed');
      assert.equal(await id(), before);
      const { run } = await ask(uriOf(), `runs/get?run_id=${before}`);
      assert.equal(run.info.status, 'FAILED');
      assert.ok(run.data.tags.some(({ key }) => key === 'resumed.10.lr'));
      assert.deepEqual(await history(uriOf(), before, 'train_loss'), expected(3));
    });

    it('are made anew where the server does not know them', async () => {
      const { open, id, file } = newRun(uriOf());
      await writeFile(file, JSON.stringify({ uri: uriOf(), id: 'f'.repeat(32) }));
      const logger = open();
      await logger.onEpoch(row(2), ROWS.slice(0, 1));
      await logger.onEnd('finished');
      assert.deepEqual(await history(uriOf(), await id(), 'train_loss'), expected(2));
    });
  }

  describe('of a stand-in', () => {
    let server: StandIn;
    before(async () => {
      server = await startStandIn();
    });
    after(() => server.close());
    afterEach(() => {
      server.fault = undefined;
    });

    testServer(() => server.uri);

    it('wait in memory while the server is away, with one warning', async () => {
      const { open, said, id } = newRun(server.uri);
      server.fault = () => ({ status: 503, body: { message: 'starting' } });
      const logger = open();
      for (const epoch of [1, 2, 3]) {
        await logger.onEpoch(row(epoch), ROWS.slice(0, epoch - 1));
        await pause(600);
      }
      server.fault = undefined;
      await logger.onEpoch(row(4), ROWS.slice(0, 3));
      await logger.onEnd('finished');
      assert.match(
        said[0] ?? '',
        /^warning: .* does not take the run: it answered 503: starting\./,
      );
      assert.deepEqual(said.slice(1).sort(), [
        `MLflow at ${server.uri} answers again`,
        `MLflow run ${await id()} at ${server.uri}`,
      ]);
      assert.deepEqual(await history(server.uri, await id(), 'train_loss'), expected(4));
    });

    it('do not slow a training whose server hangs', async () => {
      const { open } = newRun(server.uri);
      server.fault = () => 'hang';
      const logger = open();
      const start = performance.now();
      for (const epoch of [1, 2, 3]) await logger.onEpoch(row(epoch), ROWS.slice(0, epoch - 1));
      assert.ok(performance.now() - start < 100);
    });

    it('are not kept where a link in their place leads', async () => {
      const { open, id, file } = newRun(server.uri);
      const victim = join(directory.path, 'victim');
      await writeFile(victim, 'mine');
      await symlink(victim, file);
      await open().onEnd('finished');
      assert.equal(await readFile(victim, 'utf8'), 'mine');
      assert.match(await id(), /^\d{32}$/);
    });

    it('end at once where nothing listens', async () => {
      const { uri, close } = await startStandIn();
      await close();
      const { open, said } = newRun(uri);
      const logger = open();
      await pause(300);
      await logger.onEpoch(row(1), []);
      const start = performance.now();
      await logger.onEnd('finished');
      assert.ok(performance.now() - start < 2000);
      assert.equal(said.length, 2, said.join('\n'));
      assert.match(said[0] ?? '', /does not take the run: .*refused.*Training goes on/);
      assert.match(said[1] ?? '', /did not take all of the run; summary\.csv has it/);
    });

    it('are given up with one warning where the server refuses them', async () => {
      const { open, said } = newRun(server.uri);
      server.fault = () => ({ status: 401, body: { message: 'who are you?' } });
      const logger = open();
      await pause(100);
      const asked = server.requests.length;
      for (const epoch of [1, 2]) await logger.onEpoch(row(epoch), ROWS.slice(0, epoch - 1));
      await logger.onEnd('finished');
      assert.equal(server.requests.length, asked);
      assert.equal(said.length, 1);
      assert.match(said[0] ?? '', /refuses the run: it answered 401: who are you\?\. Nothing more/);
    });

    it('have their parameters also where the first attempt broke off', async () => {
      const { open, id } = newRun(server.uri);
      const before = server.requests.length;
      let batches = 0;
      server.fault = (path) => {
        if (path !== 'runs/log-batch' || ++batches !== 3) return undefined;
        return { status: 500, body: {} };
      };
      const logger = open();
      await pause(300);
      await logger.onEpoch(row(1), []);
      await logger.onEnd('finished');
      const { run } = await ask(server.uri, `runs/get?run_id=${await id()}`);
      assert.equal(run.data.params.length, 250);
      const asked = server.requests.slice(before);
      assert.equal(asked.filter((path) => path === 'runs/create').length, 1);
    });
  });

  describe("of MLflow's server", () => {
    let server: ChildProcess | undefined;
    let uri = '';
    before(async function () {
      if (INSTALLED === undefined) return this.skip();
      const port = await freePort();
      uri = `http://127.0.0.1:${port}`;
      const store = `sqlite:///${join(directory.path, 'mlflow.db')}`;
      const args = ['server', '--port', `${port}`, '--backend-store-uri', store, '--workers', '1'];
      const program = join(PACKAGE_ROOT, INSTALLED, 'bin/mlflow');
      const options = { cwd: directory.path, stdio: 'ignore', detached: true } as const;
      server = spawn(program, args, options);
      const known = `${uri}/api/2.0/mlflow/experiments/get-by-name?experiment_name=Default`;
      while (!(await fetch(known).catch(() => undefined))?.ok) await pause(500);
    });
    after(() => {
      if (server?.pid !== undefined) process.kill(-server.pid);
    });

    testServer(() => uri);
  });
});

describe('the address of an MLflow server', () => {
  for (const [text, message] of [
    ['localhost:5000', /to be an address such as http:\/\/localhost:5000 but received "localhost/],
    ['sqlite:///mlflow.db', /MLflow is reached by its server/],
    ['databricks', /received "databricks"/],
    ['http://me:secret@host', /without a password, which run\.json would keep/],
  ] as const) {
    it(`is not ${text}`, () => {
      assert.throws(
        () => serverAddress(text, '--mlflow'),
        (error: Error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
