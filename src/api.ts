/** `cnn train`, `cnn eval` and `cnn predict` as functions. */
import { runEval } from './commands/eval.js';
import { runPredict } from './commands/predict.js';
import { runTrain } from './commands/train.js';
import type { EvaluationResult } from './evaluate/evaluation.js';
import type { Prediction } from './evaluate/predict.js';
import { type Reporter, SILENT } from './session/reporter.js';
import type { CommandName } from './settings/commands.js';
import type { Given } from './settings/given.js';
import { kebabCase } from './settings/options/index.js';
import type { Settings } from './settings/types.js';
import type { TrainResult } from './train/train.js';

/**
 * Settings of a command under the names of its flags in camel case, as `cnn <command> --help` lists
 * them: `{ arch: 'lenet5', data: 'mnist', batchSize: 64 }`. The others have their defaults.
 */
export type GivenSettings<C extends CommandName> = Partial<Settings<C>>;

/**
 * Trains a network, evaluates it after each epoch and keeps the run in a directory; returns the
 * last evaluation. Throws a CnnError whose class says what was wrong, as the exit code of `cnn`
 * does.
 */
export async function train(
  settings: GivenSettings<'train'>,
  reporter: Reporter = SILENT,
): Promise<TrainResult> {
  return (await runTrain(flagsOf(settings), reporter)).json;
}

/** Evaluates a checkpoint, or a weights file of an architecture, on the validation set. */
export async function evaluate(
  settings: GivenSettings<'eval'>,
  reporter: Reporter = SILENT,
): Promise<EvaluationResult> {
  return (await runEval(flagsOf(settings), reporter)).json;
}

/** The likeliest classes of image files; one that cannot be read has an `error` in its place. */
export async function predict(
  images: readonly string[],
  settings: GivenSettings<'predict'>,
  reporter: Reporter = SILENT,
): Promise<readonly Prediction[]> {
  return (await runPredict({ ...flagsOf(settings), images }, reporter)).json;
}

/** Values under the names of flags; null is a setting that was not given. */
function flagsOf(settings: Readonly<Record<string, unknown>>): Given {
  const given = Object.entries(settings).filter(([, value]) => (value ?? null) !== null);
  return Object.fromEntries(given.map(([name, value]) => [kebabCase(name), value]));
}
