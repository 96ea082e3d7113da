import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { TooManyWeights, withAtMostWeights } from '../../archs/index.js';
import { DataError } from '../../errors.js';
import { withRegularFile } from '../../system/read-file.js';
import { describeNotFinite, refuseNotFinite } from '../../weights/index.js';
import { damaged, OPTIMIZER, WEIGHTS } from './layout.js';
import { readManifest } from './manifest.js';
import type { Checkpoint } from './open.js';
import { countOf, type Spec } from './spec.js';
import { type NamedTensor, reusedMemory } from './tensor-values.js';

/**
 * Runs `build`, which makes the network of a checkpoint: its card may be a stranger's and ask for a
 * network of any size, but not for more weights than there are.
 */
export function withWeightsOf<T>({ directory, state }: Checkpoint, build: () => T): T {
  const numbers = (state.files[WEIGHTS]?.bytes ?? 0) / 4;
  try {
    return withAtMostWeights(numbers, build);
  } catch (cause) {
    if (!(cause instanceof TooManyWeights)) throw cause;
    const { arch, inputSize, classes } = state.network;
    const network = `${arch} of ${classes.length} classes at ${inputSize}×${inputSize}`;
    throw damaged(directory, `${network} has more weights than the ${numbers} that are there`, {
      cause,
    });
  }
}

/** Puts the weights of a checkpoint into a model of the same architecture. */
export async function loadWeights(model: LayersModel, checkpoint: Checkpoint): Promise<void> {
  const { directory, state } = checkpoint;
  const specs = await readManifest(directory, state);
  const tensors = await readTensors(checkpoint, WEIGHTS, specs);
  try {
    const expected = model.weights.map(({ originalName, shape }) => ({
      name: originalName,
      shape: shape.map((size) => size ?? 0),
    }));
    checkSpecs(expected, specs, checkpoint);
    const named = specs.map(({ name }, index) => [name, tensors[index]] as const);
    model.loadWeights(Object.fromEntries(named) as Record<string, tf.Tensor>);
  } finally {
    tf.dispose(tensors);
  }
}

/**
 * Puts tensors of a checkpoint into the variables of the same names; returns the names that it does
 * not have, and leaves those variables as they are.
 */
export async function loadTensors(
  variables: readonly NamedTensor<tf.Variable>[],
  checkpoint: Checkpoint,
): Promise<readonly string[]> {
  const { directory, state } = checkpoint;
  // The first checkpoints held the momenta alone, in the order of the weights.
  const specs: readonly Spec[] = state.tensors ?? variables.map(specOf).filter(isMomentum);
  const tensors = await readTensors(checkpoint, OPTIMIZER, specs);
  try {
    const found = new Map(specs.map(({ name }, index) => [name, tensors[index] as tf.Tensor]));
    const missing: string[] = [];
    for (const { name, tensor: variable } of variables) {
      const tensor = found.get(name);
      if (tensor === undefined) missing.push(name);
      else if (String(tensor.shape) === String(variable.shape)) variable.assign(tensor);
      else throw damaged(directory, `${name} is of shape ${tensor.shape}, not ${variable.shape}`);
    }
    return missing;
  } finally {
    tf.dispose(tensors);
  }
}

function specOf({ name, tensor: { shape } }: NamedTensor): Spec {
  return { name, shape };
}

function isMomentum({ name }: Spec): boolean {
  return name.startsWith('momentum/');
}

function checkSpecs(
  expected: readonly Spec[],
  found: readonly Spec[],
  { directory, state }: Checkpoint,
): void {
  const text = (spec: Spec | undefined) =>
    spec === undefined ? 'nothing' : `${spec.name} (${spec.shape.join(', ')})`;
  const byName = new Map(found.map((spec) => [spec.name, spec]));
  for (const spec of expected) {
    const other = byName.get(spec.name);
    if (text(other) !== text(spec) || expected.length !== found.length) {
      throw new DataError(
        `The weights in ${directory} do not fit ${state.network.arch}: ` +
          `expected ${expected.length} with ${text(spec)} but found ${found.length} with ${text(other)}`,
      );
    }
  }
}

/** The tensors of a file of a checkpoint, of which none may have a value that is not finite. */
async function readTensors(
  { directory, state }: Checkpoint,
  name: typeof WEIGHTS | typeof OPTIMIZER,
  specs: readonly Spec[],
): Promise<tf.Tensor[]> {
  const tensors: tf.Tensor[] = [];
  const notFinite: (string | undefined)[] = [];
  const most = state.files[name]?.bytes ?? 0;
  try {
    await withRegularFile(join(directory, name), most, async (read, bytes) => {
      const total = countOf(specs);
      if (4 * total !== bytes) {
        throw damaged(directory, `it holds ${bytes / 4} numbers where ${total} are expected`);
      }
      const memoryFor = reusedMemory(specs.map((spec) => countOf([spec])));
      for (const spec of specs) {
        const values = await read(memoryFor(countOf([spec])));
        notFinite.push(describeNotFinite(spec.name, values));
        tensors.push(tf.tensor(values, [...spec.shape], 'float32'));
      }
    });
    refuseNotFinite(`The checkpoint ${directory}`, notFinite);
    return tensors;
  } catch (error) {
    tf.dispose(tensors);
    throw error;
  }
}
