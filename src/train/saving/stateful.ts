/** Parts of a training whose state a resumed run continues from. */
import type * as tf from '@tensorflow/tfjs-core';
import { DataError } from '../../errors.js';
import type { Optimizer } from '../../network/optimizer.js';
import type { Checkpoint } from '../../runs/checkpoint/open.js';
import type { NamedTensor } from '../../runs/checkpoint/tensor-values.js';
import { loadTensors } from '../../runs/checkpoint/tensors.js';
import type { CheckpointState } from '../../runs/state.js';

export type PartState = NonNullable<CheckpointState['parts']>[string];

export interface Stateful {
  /** Its name in state.json, which never changes. */
  readonly name: string;
  /** Variables that a checkpoint keeps; their names begin with a word that no other part has. */
  readonly tensors: readonly NamedTensor<tf.Variable>[];
  /** What it keeps besides; undefined is nothing. */
  state(): PartState | undefined;
  /**
   * Continues from a checkpoint, whose values its variables have but for those that are `missing`
   * there. Throws a DataError where it cannot.
   */
  restore(state: PartState | undefined, missing: readonly string[], directory: string): void;
}

/** Gives each part what a checkpoint holds of it. */
export async function restoreParts(
  parts: readonly Stateful[],
  checkpoint: Checkpoint,
): Promise<void> {
  const { directory, state } = checkpoint;
  const variables = parts.flatMap(({ tensors }) => tensors);
  const missing = new Set(await loadTensors(variables, checkpoint));
  for (const part of parts) {
    const names = part.tensors.map(({ name }) => name).filter((name) => missing.has(name));
    part.restore(state.parts?.[part.name], names, directory);
  }
}

/** The states of all parts, as a checkpoint keeps them. */
export function statesOf(parts: readonly Stateful[]): Record<string, PartState> {
  const entries = parts.map((part) => [part.name, part.state()] as const);
  return Object.fromEntries(
    entries.filter((entry): entry is readonly [string, PartState] => entry[1] !== undefined),
  );
}

/** What an optimizer keeps from step to step. */
export function optimizerState({ named }: Pick<Optimizer, 'named'>): Stateful {
  return keptTensors('optimizer', named);
}

/** The same of the optimizer of the first epochs, which has weights in common with the other. */
export function headOptimizerState({ named }: Pick<Optimizer, 'named'>): Stateful {
  const tensors = named.map(({ name, tensor }) => ({ name: `head-start/${name}`, tensor }));
  return keptTensors('head-start', tensors);
}

function keptTensors(name: string, tensors: Stateful['tensors']): Stateful {
  return {
    name,
    tensors,
    state: () => undefined,
    restore(_, [missing], directory) {
      if (missing === undefined) return;
      throw new DataError(`The checkpoint ${directory} has no ${missing}: start a new run`);
    },
  };
}
