import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { counted } from '../../counted.js';
import { RunError, UsageError } from '../../errors.js';
import type { Given } from '../../settings/given.js';
import { createReporter } from '../../terminal/progress.js';
import type { Result } from '../command.js';
import { givenRequest, runTrainOrEstimate } from '../train.js';
import type { Doomed } from './doomed.js';
import type { Census } from './moments.js';
import { EVALUATION, STEP } from './moments.js';
import { type Verified, verifyResume } from './verify-resume.js';

const KILLS = 20;
/**
 * Of the short run: two epochs of a few steps, with checkpoints within them. Small batches diverge at
 * the learning rates of large ones.
 */
const SHORT = {
  lr: 1e-3,
  epochs: 2,
  batchSize: 16,
  trainingSteps: 5,
  evaluationSteps: 2,
  checkpointSteps: 2,
};

/** Settings that the short run has of its own, or does without. */
const REPLACED = [
  'max-steps',
  'max-minutes',
  'weights-out',
  'verify-resume',
  'resume',
  'json',
  'mlflow',
] as const;

/** `cnn train`, which with --verify-resume is a test of resuming, and with --smoke of all. */
export async function runTrainOrVerify(given: Given): Promise<Result> {
  if (given['smoke'] === true) {
    const { runSmokeTraining } = await import('../smoke/command.js');
    return runSmokeTraining(given);
  }
  if (given['verify-resume'] !== true) return runTrainOrEstimate(given);
  return runVerifyResume(given);
}

async function runVerifyResume(given: Given): Promise<Result<Verified>> {
  const reporter = createReporter();
  if (given['resume'] !== undefined) {
    throw new UsageError('--verify-resume trains short runs of its own: leave out --resume');
  }
  const { settings } = await givenRequest(given, reporter);
  const batchSize = Math.min(settings.batchSize, SHORT.batchSize);
  const kept = Object.entries(given).filter(([name]) => {
    return !(REPLACED as readonly string[]).includes(name);
  });
  const short: Given = {
    ...Object.fromEntries(kept),
    'batch-size': String(batchSize),
    epochs: String(SHORT.epochs),
    lr: String(Math.min(settings.lr, SHORT.lr)),
    'checkpoint-steps': String(SHORT.checkpointSteps),
    'print-freq': '2',
  };
  const limits = {
    training: batchSize * SHORT.trainingSteps,
    validation: batchSize * SHORT.evaluationSteps,
  };
  const options = { start: startProcess, kills: KILLS, seed: settings.seed, reporter };
  const verified = await verifyResume(short, limits, options);
  return { lines: verifiedLines(verified), json: verified };
}

function verifiedLines({ kills, compared }: Verified): string[] {
  const steps = kills.filter((what) => what === STEP).length;
  const evaluations = kills.filter((what) => what === EVALUATION).length;
  const saving = kills.length - steps - evaluations;
  return [
    `${kills.length} kills, ${steps} in steps, ${evaluations} in evaluations, ${saving} in saving: ` +
      `${counted(compared, 'run')} resumed after them to the same weights, momenta, summary and record, byte for byte`,
  ];
}

async function startProcess(doomed: Doomed): Promise<Census | undefined> {
  const source = import.meta.url.endsWith('.ts');
  const entry = new URL(`./doomed-process.${source ? 'ts' : 'js'}`, import.meta.url);
  const loader = source ? ['--import', 'tsx'] : [];
  const args = [...process.execArgv, ...loader, fileURLToPath(entry), JSON.stringify(doomed)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (...ending) => resolve(ending));
  });
  if (signal === 'SIGKILL') return undefined;
  if (code === 0) return JSON.parse(stdout);
  throw new RunError(
    `A training that was to be killed ended by itself (${code ?? signal}): ${stderr}`,
  );
}
