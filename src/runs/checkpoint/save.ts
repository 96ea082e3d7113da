import { constants, copyFile, link, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { DivergedError } from '../../errors.js';
import {
  exists,
  makeDirectories,
  syncDirectory,
  syncFile,
  temporaryName,
  writeDurably,
  writeHashed,
} from '../../system/files.js';
import { isSystemError } from '../../system/system-errors.js';
import { describeNotFinite } from '../../weights/index.js';
import type { CheckpointState } from '../state.js';
import { ALL_FILES, FILES, MODEL, OPTIMIZER, PREVIOUS, STATE, WEIGHTS } from './layout.js';
import { modelJson, weightsOf } from './model-files.js';
import { type NamedTensor, valuesOf } from './tensor-values.js';

/** Writes a checkpoint beside its place and renames it into it once it is on the disk. */
export async function saveCheckpoint(
  directory: string,
  model: LayersModel,
  tensors: readonly NamedTensor[],
  state: Omit<CheckpointState, 'files' | 'tensors'>,
): Promise<void> {
  const specs = tensors.map(({ name, tensor: { shape } }) => ({ name, shape: [...shape] }));
  await makeDirectories(dirname(directory));
  const contents = {
    [MODEL]: [modelJson(model)],
    [WEIGHTS]: onlyFinite(weightsOf(model)),
    [OPTIMIZER]: onlyFinite(tensors),
  };
  await fillDirectory(directory, async (partial) => {
    const files: CheckpointState['files'] = {};
    for (const name of FILES) {
      files[name] = await writeHashed(join(partial, name), contents[name]);
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
    for (const name of ALL_FILES) {
      const copy = join(partial, name);
      await copyFile(join(source, name), copy, constants.COPYFILE_FICLONE).catch((error) => {
        // Node names the source, which is whole.
        throw Object.assign(error, { path: copy });
      });
      await syncFile(copy);
    }
  });
}

/** Makes `target` the same files as `source`: for runs that nobody keeps. */
export async function linkCheckpoint(source: string, target: string): Promise<void> {
  await fillDirectory(target, async (partial) => {
    for (const name of ALL_FILES) await link(join(source, name), join(partial, name));
  });
}

/** The values as they are, once none of them is found that must not replace a good one. */
async function* onlyFinite(tensors: readonly NamedTensor[]): AsyncGenerator<Uint8Array> {
  for await (const bytes of valuesOf(tensors)) {
    const { buffer, byteOffset, byteLength } = bytes;
    const values = new Float32Array(buffer, byteOffset, byteLength / 4);
    if (describeNotFinite('weights', values) !== undefined) {
      throw new DivergedError(
        'The weights are no longer numbers: nothing was saved. Try a lower --lr',
      );
    }
    yield bytes;
  }
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
