/**
 * Our side of `bench:compare`: one network in training or evaluation, in a process that stays. JavaScript on the
 * built `dist/`, because tsx would count 90 MiB of compiler as our memory.
 *
 *     node bench/own.js '{"arch": "lenet5", "batch-size": 128}' eval
 *
 * It measures once for each line of JSON on stdin, such as {"warmup": 1, "steps": 2, "seconds": 3},
 * and answers each with a line.
 */
import { createInterface } from 'node:readline';
import { findArchitecture } from '../dist/archs/index.js';
import { openEvaluation } from '../dist/measure/evaluation.js';
import { openBenchmark } from '../dist/measure/training.js';
import { describeVersions } from '../dist/runs/environment.js';
import { SILENT } from '../dist/session/reporter.js';
import { resolveSettings } from '../dist/settings/resolve.js';
import { checkValues } from '../dist/settings/validate.js';

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const TASKS = {
  train: { command: 'bench', open: openBenchmark },
  eval: { command: 'bench-eval', open: openEvaluation },
};

try {
  const { command, open } = TASKS[process.argv[3] ?? 'train'];
  const values = checkValues(command, JSON.parse(process.argv[2] ?? '{}'), 'the first argument');
  const architecture = findArchitecture(String(values.arch));
  const { settings } = resolveSettings(command, [{ values, source: 'flag' }], architecture);
  const benchmark = await open(architecture, settings, SILENT);
  answer({ version: describeVersions().cnn });
  for await (const line of createInterface({ input: process.stdin })) {
    answer(await benchmark.measure(JSON.parse(line)));
  }
  await benchmark.close();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
