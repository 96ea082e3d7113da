/** What was measured chooses the kernels of a run, which keeps the choices. */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findArchitecture } from '../../src/archs/index.js';
import { openBackend } from '../../src/backend/index.js';
import { loadAddon } from '../../src/backend/load-addon.js';
import { callKey } from '../../src/backend/tuning/calls.js';
import { addTimes, describeMachine } from '../../src/backend/tuning/kept-times.js';
import type { Choices } from '../../src/backend/tuning/tune.js';
import { estimateMemory } from '../../src/measure/memory.js';
import { writeOddDataset } from '../commands/data/odd-dataset.js';
import { observe } from '../commands/observed.js';
import { temporaryDirectory } from '../commands/program.js';

const SIZES = { batchSize: 6, inputSize: 12, channels: 3, numClasses: 3 } as const;

describe('a run with kept choices', () => {
  const directory = temporaryDirectory();
  const cacheBefore = process.env['CNN_CACHE'];
  const at = (name: string) => join(directory.path, name);
  let kept: Choices;

  before(async function () {
    process.env['CNN_CACHE'] = at('cache');
    await writeOddDataset(at('data'), 1);
    const backend = await openBackend('cpu', { precision: 'f32' }).catch(() => this.skip());
    kept = await keepLast(backend);
  });
  after(() => {
    if (cacheBefore === undefined) delete process.env['CNN_CACHE'];
    else process.env['CNN_CACHE'] = cacheBefore;
  });

  /** Of each call the last candidate counts as the fastest. */
  async function keepLast(backend: Awaited<ReturnType<typeof openBackend>>): Promise<Choices> {
    const { calls } = await estimateMemory(findArchitecture('lenet5'), backend, SIZES);
    const last = calls.flatMap(({ call }) => {
      const { number, tensors, words } = call;
      const candidates = loadAddon().candidates(number, tensors, words, backend.threads);
      const candidate = candidates.at(-1) ?? '';
      return candidates.length < 2 ? [] : [[callKey(call), candidate] as const];
    });
    const machine = await describeMachine(backend.device?.queue.description ?? '', backend.threads);
    await addTimes(
      machine,
      Object.fromEntries(
        last.map(([key, candidate]) => [key, { candidate, milliseconds: { [candidate]: 1 } }]),
      ),
    );
    return Object.fromEntries(last);
  }

  const train = (name: string, more: object = {}) =>
    observe(at(name), {
      ...{ arch: 'lenet5', data: at('data'), 'input-size': '12', channels: '3' },
      ...{ 'batch-size': '6', epochs: '2', backend: 'cpu', precision: 'f32' },
      ...{ workers: '1', output: at(name), experiment: 'run', ...more },
    });
  const record = async (name: string) =>
    JSON.parse(await readFile(join(at(name), 'run/run.json'), 'utf8'));

  it('has the same bits again, and keeps the choices', async () => {
    assert.ok(Object.keys(kept).length > 0);
    const [first, second] = [await train('first'), await train('second')];
    assert.equal(first.weights, second.weights);
    assert.deepEqual((await record('first')).choices, kept);
  });

  it('has no choices with --no-autotune', async () => {
    await train('fixed', { autotune: false });
    assert.equal((await record('fixed')).choices, undefined);
  });

  it('is resumed with them on a machine that has measured nothing', async () => {
    const whole = await train('whole');
    await train('part', { 'max-steps': '1' });
    await rm(at('cache'), { recursive: true });
    const path = join(at('part'), 'run');
    const resumed = await observe(at('part'), { resume: path, 'max-steps': '4' });
    assert.equal(resumed.weights, whole.weights);
    assert.deepEqual((await record('part')).choices, kept);
  });

  it('is resumed with choices that this machine cannot make by the fixed table', async () => {
    await train('odd', { 'max-steps': '1' });
    const file = join(at('odd'), 'run/run.json');
    const [key] = Object.keys(kept);
    const changed = { ...(await record('odd')), choices: { [key ?? '']: 'of another machine' } };
    await writeFile(file, JSON.stringify(changed));
    const warnings: string[] = [];
    const resumed = await observe(
      at('odd'),
      { resume: join(at('odd'), 'run'), 'max-steps': '4' },
      () => {},
      (warning) => warnings.push(warning),
    );
    assert.equal(resumed.steps.at(-1), 4);
    assert.match(warnings.join(), /cannot compute 1 kernel as the run did before/);
  });
});
