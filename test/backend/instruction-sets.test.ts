/**
 * Runs the other tests of this folder again with instruction sets other than the machine's best.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGE_ROOT } from '../../src/package-root.js';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const MOCHA = join(PACKAGE_ROOT, 'node_modules/mocha/bin/mocha.js');

interface Limit {
  readonly name: string;
  readonly environment: Record<string, string>;
  /** The flag of processors without which the other tests run the same already. */
  readonly needs?: string;
}

// Below AVX-512 some of oneDNN's only implementations are its reference ones.
const LIMITS: readonly Limit[] = [
  {
    name: 'AVX2 alone',
    environment: { CNN_MAX_ISA: 'avx2', ONEDNN_MAX_CPU_ISA: 'AVX2', CNN_STRICT: '0' },
    needs: 'avx512f',
  },
  {
    name: 'no vector extensions',
    environment: { CNN_MAX_ISA: 'generic', ONEDNN_MAX_CPU_ISA: 'SSE41', CNN_STRICT: '0' },
  },
  {
    name: 'bf16 primitives where float32 ones are faster',
    environment: { CNN_BF16: 'native' },
    needs: 'avx512_bf16',
  },
];

const FLAGS = new Set(
  /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [],
);

function skipWithout(flag: string | undefined, context: Mocha.Context): void {
  if (flag === undefined || FLAGS.has(flag)) return;
  console.warn(`      skipped: without ${flag} the other tests run the same already`);
  context.skip();
}

/** Threads share the work of AMX by pixels and by channels. */
const AMX_THREADS: readonly number[] = [1, 2, 3, 16];
const AMX_TESTS = ['convolution.test.ts', 'filter-gradient.test.ts', 'matmul.test.ts'];
/** What does not depend on the number of threads runs with the first of them. */
const MORE_AMX_TESTS = ['non-finite.test.ts'];

const OWN = basename(fileURLToPath(import.meta.url));
/** Those of GPUs do not depend on the processor. */
const ALL_TESTS = readdirSync(FOLDER).filter(
  (name) => name.endsWith('.test.ts') && name !== OWN && !name.startsWith('cuda-'),
);

function runTests(
  environment: Record<string, string>,
  tests: readonly string[],
  only = '',
): Promise<{ code: number; output: string }> {
  const files = tests.map((name) => join(FOLDER, name));
  const options = [
    '--no-config',
    '--import=tsx',
    `--grep=${only}`,
    '--timeout=120000',
    '--reporter=dot',
  ];
  const child = spawn(process.execPath, [MOCHA, ...options, ...files], {
    cwd: PACKAGE_ROOT,
    env: { ...process.env, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk;
    });
  }
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code: code ?? -1, output }));
  });
}

describe('the native kernels', function () {
  this.timeout(300_000);

  before(function () {
    // They are the CPU's.
    if (process.env['CNN_TEST_BACKEND'] === 'cuda') this.skip();
  });
  for (const { name, environment, needs } of LIMITS) {
    it(`pass their tests with ${name}`, async function () {
      skipWithout(needs, this);
      const { code, output } = await runTests(environment, ALL_TESTS);
      assert.equal(code, 0, output.slice(-3000));
      assert.match(output, /[1-9]\d* passing/);
    });
  }

  for (const threads of AMX_THREADS) {
    it(`pass their tests in bf16 with emulated AMX on ${threads} threads`, async function () {
      skipWithout('avx512f', this);
      const environment = { CNN_AMX: 'emulated', CNN_TEST_THREADS: String(threads) };
      const tests = threads === AMX_THREADS[0] ? [...AMX_TESTS, ...MORE_AMX_TESTS] : AMX_TESTS;
      const { code, output } = await runTests(environment, tests, 'in bf16');
      assert.equal(code, 0, output.slice(-3000));
      assert.match(output, /[1-9]\d* passing/);
    });
  }
});
