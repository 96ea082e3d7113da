import type { ProfileReport } from '../../src/measure/profile.js';
import { run } from '../rounds.js';
import type { TrainingStep } from './training-step.js';

interface Summary {
  readonly layers: readonly { name: string; weights: number; biases: number }[];
}

/** Sums of several processes, which are no part of what one computes. */
const SUMS = /^AllReduce/;

/** Runs a command that prints a report of the networks here. */
export function cnn<T>(...args: string[]): T {
  return run<T>(process.execPath, ['bin/cnn.js', ...args, '--json']);
}

/** The step of a network by the profile of `cnn bench train`, without sums. */
export function measuredStep(arch: string, profile: ProfileReport): TrainingStep {
  const { layers } = cnn<Summary>('summary', '--arch', arch);
  const rows = profile.layers.filter(({ kernel }) => !SUMS.test(kernel));
  const sum = (wanted: string, name?: string) =>
    rows
      .filter(({ phase, layer }) => phase === wanted && (name === undefined || layer === name))
      .reduce((time, { milliseconds }) => time + milliseconds, 0);
  const backward = layers.toReversed().map(({ name, weights, biases }) => ({
    milliseconds: sum('backward', name),
    weights: [weights, biases].filter((count) => count > 0),
  }));
  return { before: sum('forward') + sum('loss'), backward, after: sum('optimizer') };
}
