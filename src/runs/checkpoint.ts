/**
 * A checkpoint is a directory: a stock tfjs model (model.json and weights.bin in float32), the
 * momenta of the optimizer, and state.json, which holds the network's card, the progress of the
 * run, and the length and hash of the other files.
 */
import { copyFile, link, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { DataError, DivergedError } from '../errors.js';
import {
  exists,
  makeDirectories,
  sha256,
  syncDirectory,
  temporaryName,
  writeDurably,
} from '../system/files.js';
import { isSystemError, systemReason } from '../system/system-errors.js';
import { describeNotFinite, refuseNotFinite } from '../weights/index.js';
import { type CheckpointState, stateSchema } from './state.js';

const MODEL = 'model.json';
const WEIGHTS = 'weights.bin';
const OPTIMIZER = 'optimizer.bin';
const STATE = 'state.json';
const FILES = [MODEL, WEIGHTS, OPTIMIZER] as const;

/**
 * A checkpoint is replaced once in an epoch at most: a second attempt all but always finds it
 * whole.
 */
const ATTEMPTS = 3;

interface Spec {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface Checkpoint {
  readonly directory: string;
  readonly state: CheckpointState;
}

/** Writes a checkpoint beside its place and renames it into it once it is on the disk. */
export async function saveCheckpoint(
  directory: string,
  model: LayersModel,
  momenta: readonly tf.Tensor[],
  state: Omit<CheckpointState, 'files'>,
): Promise<void> {
  const contents = await contentsOf(model, momenta);
  await makeDirectories(dirname(directory));
  await fillDirectory(directory, async (partial) => {
    const files: CheckpointState['files'] = {};
    for (const name of FILES) {
      const parts = contents[name];
      const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
      files[name] = { bytes, sha256: sha256(parts) };
      await writeDurably(join(partial, name), parts);
    }
    const json = `${JSON.stringify({ ...state, files }, undefined, 2)}\n`;
    await writeDurably(join(partial, STATE), [json]);
  });
}

/** Makes `target` the same checkpoint as `source`, by hard links where the disk has them. */
export async function copyCheckpoint(source: string, target: string): Promise<void> {
  await fillDirectory(target, async (partial) => {
    for (const name of [...FILES, STATE]) {
      const [from, to] = [join(source, name), join(partial, name)];
      // The files of a checkpoint are never changed in place, so a link serves as a copy.
      await link(from, to).catch(() => copyFile(from, to));
    }
  });
}

/** Finds the checkpoint that a path means, the last one for a run, and checks that it is whole. */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  for (let attempt = 1; ; attempt++) {
    const directory = await findCheckpoint(path);
    const marker = await identityOf(directory);
    try {
      const state = await readState(directory);
      for (const name of FILES) await checkFile(directory, name, state);
      return { directory, state };
    } catch (error) {
      // A training may have put another one in its place meanwhile.
      if (attempt === ATTEMPTS || (await identityOf(directory)) === marker) throw error;
    }
  }
}

/** Puts the weights of a checkpoint into a model of the same architecture. */
export async function loadWeights(model: LayersModel, checkpoint: Checkpoint): Promise<void> {
  const { directory } = checkpoint;
  const manifest = JSON.parse(await readFile(join(directory, MODEL), 'utf8')) as {
    weightsManifest: readonly { weights: readonly Spec[] }[];
  };
  const specs = manifest.weightsManifest.flatMap(({ weights }) => weights);
  const tensors = tensorsOf(specs, await readFloats(join(directory, WEIGHTS)), directory);
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

/** Puts the momenta of a checkpoint into the optimizer's variables; `names` are their weights'. */
export async function loadMomenta(
  momenta: readonly tf.Variable[],
  names: readonly string[],
  checkpoint: Checkpoint,
): Promise<void> {
  const values = await readFloats(join(checkpoint.directory, OPTIMIZER));
  const specs = momenta.map(({ shape }, index) => ({ name: `momentum of ${names[index]}`, shape }));
  const tensors = tensorsOf(specs, values, checkpoint.directory);
  momenta.forEach((momentum, index) => momentum.assign(tensors[index] as tf.Tensor));
  tf.dispose(tensors);
}

/** The files of a stock tfjs model, model.json and weights.bin in float32, by name. */
export async function modelFiles(model: LayersModel): Promise<[string, Uint8Array][]> {
  const { json, weights } = await artifactsOf(model);
  return [
    [MODEL, json],
    [WEIGHTS, Buffer.concat(weights)],
  ];
}

async function contentsOf(
  model: LayersModel,
  momenta: readonly tf.Tensor[],
): Promise<Record<(typeof FILES)[number], Uint8Array[]>> {
  const { json, weights } = await artifactsOf(model);
  for (const { buffer } of weights) checkNotDiverged(new Float32Array(buffer));
  const values: Uint8Array[] = [];
  for (const momentum of momenta) {
    const data = await momentum.data<'float32'>();
    checkNotDiverged(data);
    values.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return { [MODEL]: [json], [WEIGHTS]: weights, [OPTIMIZER]: values };
}

async function artifactsOf(model: LayersModel) {
  const collected: tf.io.ModelArtifacts[] = [];
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      collected.push(artifacts);
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    }),
  );
  const { modelTopology, format, generatedBy, weightSpecs = [], weightData } = collected[0] ?? {};
  const weightsManifest = [{ paths: [WEIGHTS], weights: weightSpecs }];
  const json = { modelTopology, format, generatedBy, convertedBy: null, weightsManifest };
  const buffers = Array.isArray(weightData) ? weightData : [weightData ?? new ArrayBuffer(0)];
  return {
    json: new TextEncoder().encode(`${JSON.stringify(json)}\n`),
    weights: buffers.map((buffer) => new Uint8Array(buffer)),
  };
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
 * The old directory keeps another name until the new one is in place; `findCheckpoint` knows it.
 */
async function replaceDirectory(partial: string, directory: string): Promise<void> {
  await syncDirectory(partial);
  const previous = `${directory}.previous`;
  if (await exists(directory)) {
    await rm(previous, { recursive: true, force: true });
    await rename(directory, previous);
  }
  await rename(partial, directory);
  await syncDirectory(dirname(directory));
  await rm(previous, { recursive: true, force: true });
}

/** Differs for two directories that had the same path. */
async function identityOf(directory: string): Promise<bigint | undefined> {
  const info = await stat(directory, { bigint: true }).catch(() => undefined);
  return info?.ino;
}

async function findCheckpoint(path: string): Promise<string> {
  const last = join(path, 'checkpoints', 'last');
  const places = [path, `${path}.previous`, last, `${last}.previous`];
  let found: boolean;
  try {
    for (const place of places) {
      if (await exists(join(place, STATE))) return place;
    }
    found = await exists(path);
  } catch (cause) {
    throw new DataError(`Cannot read the checkpoint ${path}: ${systemReason(cause)}`, { cause });
  }
  throw new DataError(
    found
      ? `No checkpoint in ${path}: expected ${STATE}, or checkpoints/last/${STATE} of a run`
      : `No such checkpoint: ${path}`,
  );
}

async function readState(directory: string): Promise<CheckpointState> {
  const file = join(directory, STATE);
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw damaged(directory, `${STATE}: ${systemReason(cause)}`, { cause });
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw damaged(directory, `${STATE} is not whole JSON`, { cause: error });
  }
  const result = stateSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw damaged(directory, `${STATE}: ${issue?.path.join('.')}: ${issue?.message}`);
}

async function checkFile(directory: string, name: string, state: CheckpointState): Promise<void> {
  const expected = state.files[name];
  if (expected === undefined) throw damaged(directory, `${STATE} does not name ${name}`);
  const content = await readFile(join(directory, name)).catch((error: Error) => {
    throw damaged(directory, `${name}: ${systemReason(error)}`, { cause: error });
  });
  if (content.byteLength !== expected.bytes) {
    const { bytes } = expected;
    throw damaged(directory, `${name} has ${content.byteLength} bytes and should have ${bytes}`);
  }
  if (sha256([content]) !== expected.sha256) {
    throw damaged(directory, `the content of ${name} is not what was written`);
  }
}

function damaged(directory: string, what: string, options?: ErrorOptions): DataError {
  const next = basename(directory) === 'last' ? '; try checkpoints/best of the run' : '';
  return new DataError(`The checkpoint ${directory} is damaged: ${what}${next}`, options);
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

async function readFloats(file: string): Promise<Float32Array> {
  const { buffer, byteOffset, byteLength } = await readFile(file);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

function tensorsOf(specs: readonly Spec[], values: Float32Array, directory: string): tf.Tensor[] {
  const sizes = specs.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== values.length) {
    throw damaged(directory, `it holds ${values.length} numbers where ${total} are expected`);
  }
  let offset = 0;
  const parts = sizes.map((size) => {
    offset += size;
    return values.slice(offset - size, offset);
  });
  const found = specs.map(({ name }, index) => describeNotFinite(name, parts[index] as Float32Array));
  refuseNotFinite(`The checkpoint ${directory}`, found);
  return specs.map(({ shape }, index) => tf.tensor(parts[index] as Float32Array, [...shape], 'float32'));
}
