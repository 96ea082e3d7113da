/**
 * Any layer without a rule: forward runs its own `call` under tfjs's tape, and backward walks that
 * tape. Uses members of the engine of tfjs-core 4.22 that its types do not show.
 */
import * as tf from '@tensorflow/tfjs-core';
import { addInto, share } from '../run-kernel.js';
import type { LayerNode, Operation } from './rule.js';

interface TapeEntry {
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: readonly tf.Tensor[];
  readonly saved?: readonly tf.Tensor[];
  gradient?(dys: (tf.Tensor | undefined)[]): Record<string, () => tf.Tensor>;
}

interface TapeEngine {
  readonly state: { activeTape: TapeEntry[] | null };
  startTape(): void;
  endTape(): void;
}

interface Recording {
  readonly tape: readonly TapeEntry[];
  readonly output: number;
  readonly inputs: readonly number[];
}

/** The operation of a layer that has no rule. */
export function taped(node: LayerNode): Operation {
  const { layer, weights, differentiable } = node;
  let recording: Recording | undefined;
  const call = (inputs: readonly tf.Tensor[], training: boolean) => {
    const x = inputs.length === 1 ? inputs[0] : [...inputs];
    const y = layer.call(x as tf.Tensor, { training });
    if (Array.isArray(y)) throw new Error(`Layer "${layer.name}" has more than one output`);
    return inputs.includes(y) ? share(y) : y;
  };
  const abandon = () => {
    disposeSaved(recording?.tape ?? []);
    recording = undefined;
  };
  return {
    keeps: { inputs: [], output: false },
    abandon,
    forward(inputs, { training }) {
      if (!training) return tf.tidy(() => call(inputs, false));
      abandon();
      const { output, tape } = record(() => call(inputs, true));
      recording = { tape, output: output.id, inputs: inputs.map(({ id }) => id) };
      return output;
    },
    backward(dy, _inputs, _output, pass) {
      if (!recording) throw new Error(`Layer "${layer.name}" went backward before forward`);
      const { tape, output, inputs } = recording;
      recording = undefined;
      const trained = weights.filter((weight) => weight.index !== undefined);
      const wanted = inputs.filter((_, input) => differentiable[input]);
      const targets = new Set([...wanted, ...trained.map(({ variable }) => variable.id)]);
      const gradients = playBack(tape, targets, output, dy);
      for (const weight of trained) {
        const gradient = gradients.get(weight.variable.id);
        pass.addGradient(weight, gradient ?? tf.zerosLike(weight.variable));
      }
      return inputs.map((id, input) => (differentiable[input] ? gradients.get(id) : undefined));
    },
  };
}

function record(forward: () => tf.Tensor): { output: tf.Tensor; tape: TapeEntry[] } {
  const engine = tf.engine() as unknown as TapeEngine;
  engine.startTape();
  try {
    const output = tf.tidy(forward);
    return { output, tape: engine.state.activeTape ?? [] };
  } finally {
    engine.endTape();
    engine.state.activeTape = null;
  }
}

/** The gradients of the targets, by the ids of their tensors. */
function playBack(
  tape: readonly TapeEntry[],
  targets: ReadonlySet<number>,
  output: number,
  dy: tf.Tensor,
): Map<number, tf.Tensor> {
  const reached = new Set(targets);
  const relevant = tape.map((entry) => {
    const hit = Object.values(entry.inputs).some(({ id }) => reached.has(id));
    if (hit) for (const { id } of entry.outputs) reached.add(id);
    return hit;
  });
  const gradients = new Map([[output, share(dy)]]);
  for (let index = tape.length - 1; index >= 0; index--) {
    const entry = tape[index] as TapeEntry;
    const dys = entry.outputs.map(({ id }) => gradients.get(id));
    if (relevant[index] && dys.some(Boolean)) {
      for (const [id, gradient] of stepBack(entry, dys, reached)) {
        const known = gradients.get(id);
        gradients.set(id, known ? addInto(known, gradient) : gradient);
      }
    }
    for (const { id } of entry.outputs) {
      if (!targets.has(id)) gradients.get(id)?.dispose();
    }
  }
  disposeSaved(tape);
  return gradients;
}

/** The gradients that one entry of the tape gives to those of its inputs that lead to a target. */
function stepBack(
  entry: TapeEntry,
  dys: (tf.Tensor | undefined)[],
  reached: ReadonlySet<number>,
): [number, tf.Tensor][] {
  const { gradient } = entry;
  if (!gradient) throw new Error('A kernel without a gradient stands between a layer and its loss');
  const inputs = Object.entries(entry.inputs).filter(([, { id }]) => reached.has(id));
  const results = tf.tidy(() => {
    const thunks = gradient.call(entry, dys);
    // A gradient may be dy itself, or one tensor for two inputs: each caller gets its own handle.
    return inputs.map(([key]) => share(tf.tidy(() => (thunks[key] as () => tf.Tensor)())));
  });
  return inputs.map(([, { id }], input) => [id, results[input] as tf.Tensor]);
}

function disposeSaved(tape: readonly TapeEntry[]): void {
  for (const { saved } of tape) for (const tensor of saved ?? []) tensor.dispose();
}
