import { constants, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { DivergedError } from '../../errors.js';
import {
  exists,
  makeDirectories,
  sha256,
  syncDirectory,
  syncFile,
  temporaryName,
  writeDurably,
} from '../../system/files.js';
import { isSystemError } from '../../system/system-errors.js';
import { describeNotFinite } from '../../weights/index.js';
import type { CheckpointState } from '../state.js';
import { FILES, MODEL, OPTIMIZER, PREVIOUS, STATE, WEIGHTS } from './layout.js';
import { artifactsOf } from './model-files.js';

/** A tensor of the training besides the weights, such as "momentum/conv1/kernel". */
export interface NamedTensor<T extends tf.Tensor = tf.Tensor> {
  /** No other tensor of the training has it; it never changes, because checkpoints keep it. */
  readonly name: string;
  readonly tensor: T;
}

/** Writes a checkpoint beside its place and renames it into it once it is on the disk. */
export async function saveCheckpoint(
  directory: string,
  model: LayersModel,
  tensors: readonly NamedTensor[],
  state: Omit<CheckpointState, 'files' | 'tensors'>,
): Promise<void> {
  const contents = await contentsOf(model, tensors);
  const specs = tensors.map(({ name, tensor: { shape } }) => ({ name, shape: [...shape] }));
  await makeDirectories(dirname(directory));
  await fillDirectory(directory, async (partial) => {
    const files: CheckpointState['files'] = {};
    for (const name of FILES) {
      const parts = contents[name];
      const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
      files[name] = { bytes, sha256: sha256(parts) };
      await writeDurably(join(partial, name), parts);
    }
    const json = JSON.stringify({ ...state, tensors: specs, files }, undefined, 2);
    await writeDurably(join(partial, STATE), [`${json}\n`]);
  });
}

/**
 * Makes `target` the same checkpoint as `source`, in blocks of its own wherever the disk does not
 * clone files: a damaged block must not cost both.
 */
export async function copyCheckpoint(source: string, target: string): Promise<void> {
  await fillDirectory(target, async (partial) => {
    for (const name of [...FILES, STATE]) {
      const copy = join(partial, name);
      await copyFile(join(source, name), copy, constants.COPYFILE_FICLONE).catch((error) => {
        // Node names the source, which is whole.
        throw Object.assign(error, { path: copy });
      });
      await syncFile(copy);
    }
  });
}

async function contentsOf(
  model: LayersModel,
  tensors: readonly NamedTensor[],
): Promise<Record<(typeof FILES)[number], Uint8Array[]>> {
  const { json, weights } = await artifactsOf(model);
  for (const { buffer } of weights) checkNotDiverged(new Float32Array(buffer));
  const values: Uint8Array[] = [];
  for (const { tensor } of tensors) {
    const data = await tensor.data<'float32'>();
    checkNotDiverged(data);
    values.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return { [MODEL]: [json], [WEIGHTS]: weights, [OPTIMIZER]: values };
}

/** A checkpoint with values that are not finite must not replace a good one. */
function checkNotDiverged(weights: Float32Array): void {
  if (describeNotFinite('weights', weights) === undefined) return;
  throw new DivergedError('The weights are no longer numbers: nothing was saved. Try a lower --lr');
}

/** Has `fill` make a directory under another name, and renames it when it is complete. */
async function fillDirectory(directory: string, fill: (partial: string) => Promise<void>) {
  const partial = temporaryName(directory);
  try {
    await mkdir(partial);
    await fill(partial);
    await replaceDirectory(partial, directory);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    const place = isSystemError(error) ? error.path?.replace(partial, directory) : undefined;
    throw place === undefined ? error : Object.assign(error as Error, { path: place });
  }
}

/**
 * The old directory keeps another name until the new one is in place, which whoever opens a
 * checkpoint knows, and `restoreReplaced` after the program ended between the two.
 */
async function replaceDirectory(partial: string, directory: string): Promise<void> {
  await syncDirectory(partial);
  const previous = `${directory}${PREVIOUS}`;
  if (await exists(directory)) {
    await rm(previous, { recursive: true, force: true });
    await rename(directory, previous);
  }
  await rename(partial, directory);
  await syncDirectory(dirname(directory));
  await rm(previous, { recursive: true, force: true });
}

/** Ends the replacement of a checkpoint that the end of the program interrupted. */
export async function restoreReplaced(directory: string): Promise<void> {
  const previous = `${directory}${PREVIOUS}`;
  if (await exists(directory)) await rm(previous, { recursive: true, force: true });
  else if (await exists(previous)) await rename(previous, directory);
}
