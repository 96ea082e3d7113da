/**
 * A checkpoint is a directory: a stock tfjs model (model.json and weights.bin in float32), the other
 * tensors of the training (optimizer.bin), and state.json, which holds the network's card, the
 * progress of the run, the names of those tensors, and the length and hash of the other files.
 */
import { basename } from 'node:path';
import { DataError } from '../../errors.js';

export const MODEL = 'model.json';
export const WEIGHTS = 'weights.bin';
export const OPTIMIZER = 'optimizer.bin';
export const STATE = 'state.json';
/** The files that state.json vouches for. */
export const FILES = [MODEL, WEIGHTS, OPTIMIZER] as const;
export const ALL_FILES = [...FILES, STATE] as const;

/** The most that a JSON file of a checkpoint may take: a million names of classes fit. */
export const MOST_JSON_BYTES = 2 ** 26;

/** What the old directory is called until the new one is in its place. */
export const PREVIOUS = '.previous';

export function damaged(directory: string, what: string, options?: ErrorOptions): DataError {
  const next = basename(directory) === 'last' ? '; try checkpoints/best of the run' : '';
  return new DataError(`The checkpoint ${directory} is damaged: ${what}${next}`, options);
}
