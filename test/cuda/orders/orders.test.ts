/** The bits of results do not depend on the order in which a GPU runs blocks, warps and lanes. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PARAMETERS } from '../../../src/backend/parameters.js';
import { PACKAGE_ROOT } from '../../../src/package-root.js';
import { CPU_ONLY } from '../../backend/sound-calls.js';
import { temporaryDirectory } from '../../commands/program.js';
import { emulatedOrSkip } from '../emulated.js';

const PROGRAM = fileURLToPath(new URL('hash-results.ts', import.meta.url));
/** 0 is ascending, 1 descending, others are drawn. */
const ORDERS = [0, 1, 7];

/** The peaks, which give no results, and those that GPUs do not have. */
const WITHOUT_CASE = [...CPU_ONLY, 'PeakMultiplyAdd', 'PeakCopy', 'PeakUpdate'];
const WITHOUT_CASE_IN_CUDA = ['multiplyAdd'];

interface Run {
  /** Of each case's results. */
  readonly hashes: Record<string, string>;
  readonly kernels: readonly string[];
}

async function runIn(order: number, launches: string): Promise<Run> {
  const env = {
    ...process.env,
    ...{ CNN_CUDA_EMULATED: '1', CNN_EMULATED_ORDER: String(order) },
    CNN_EMULATED_LAUNCHES: launches,
  };
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', PROGRAM], {
    env,
  });
  return JSON.parse(stdout);
}

const SOURCES = join(PACKAGE_ROOT, 'native/cuda');

/** The functions of native/cuda that a GPU runs. */
function functionsOfCuda(): string[] {
  const files = readdirSync(SOURCES, { recursive: true }) as string[];
  const text = files
    .filter((file) => /\.(cu|h)$/.test(file))
    .map((file) => readFileSync(join(SOURCES, file), 'utf8'))
    .join();
  const functions = /__global__ void (?:__launch_bounds__\([^)]*\))?\s*(\w+)\(/g;
  return [...text.matchAll(functions)].map(([, name]) => name as string);
}

describe('kernels of CUDA give the same bits', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  const runs = new Map<number, Run>();
  const file = () => join(directory.path, 'launches');
  before(async function () {
    emulatedOrSkip(this);
    for (const order of ORDERS) runs.set(order, await runIn(order, file()));
  });

  for (const order of ORDERS.slice(1)) {
    it(`in order ${order}`, () => {
      assert.deepEqual(runs.get(order)?.hashes, runs.get(0)?.hashes);
    });
  }

  it('which every kernel of the addon has shown', () => {
    const ran = new Set(runs.get(0)?.kernels);
    const others = Object.keys(PARAMETERS).filter((kernel) => !ran.has(kernel));
    assert.deepEqual(others, WITHOUT_CASE, 'kernels without a case in cases.ts');
  });

  it('which every function that a GPU runs has shown', () => {
    // Such as `(reduceParts<Functor, T, COUNT, FOLD>)`.
    const launched = readFileSync(file(), 'utf8').matchAll(/^\(?(\w+)/gm);
    const ran = new Set([...launched].map(([, name]) => name));
    const functions = functionsOfCuda();
    assert.ok(functions.length > 30, String(functions));
    const others = functions.filter((name) => !ran.has(name));
    assert.deepEqual(others, WITHOUT_CASE_IN_CUDA, 'functions without a case in cases.ts');
  });
});
