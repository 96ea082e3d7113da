import { isDeepStrictEqual } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Architecture, titleOf } from '../archs/index.js';
import type { Colours } from '../colours.js';
import { DataError } from '../errors.js';
import { describeNotFinite, refuseNotFinite } from './finite.js';
import { CAFFE_COLOURS, inNamesOf } from './keras/translate.js';
import { listed } from './listed.js';
import { placesOf, reverseAxes, type WeightPlace } from './mapping.js';
import { describeShape, type StoredTensor } from './stored-tensor.js';
import type { WeightsFile } from './weights-file.js';

export interface LoadOptions {
  /** Keep the last layers' weights where the file was trained on other classes. */
  readonly otherClasses: boolean;
  /** The names of the model's classes, which the file may call otherwise. */
  readonly classes?: readonly string[];
}

export interface Loaded {
  /** The weights of the last layers that were not loaded, and the number of classes of the file. */
  readonly kept: readonly string[];
  readonly fileClasses: number | undefined;
  /** Tensors of auxiliary heads that the model does not have. */
  readonly ignored: readonly string[];
  /** What stands before every name of the file and was left out; mostly empty. */
  readonly prefix: string;
  /** How the network saw colours, where the file says so. */
  readonly colours?: Colours;
}

/**
 * Fills a model with the tensors of a file; throws a DataError with the list where one is missing,
 * left over or of another shape. Nothing is changed then. Throws one too where values are not
 * finite, which are known only when all are read.
 */
export async function loadWeightsFile(
  model: LayersModel,
  architecture: Architecture,
  given: WeightsFile,
  options: LoadOptions,
): Promise<Loaded> {
  const { file, wanted, kept, ...rest } = matched(model, architecture, given, options);
  const found: (string | undefined)[] = [];
  for (const { name, order, variable } of wanted) {
    const tensor = file.tensors.get(name) as StoredTensor;
    // One at a time: a second copy of all of VGG would be half a gigabyte.
    const values = await tensor.read();
    found.push(describeNotFinite(name, values));
    const own = order === undefined ? values : reverseAxes(values, backwards(order));
    const filled = tf.tensor(own, variable.shape as number[], 'float32');
    variable.write(filled);
    filled.dispose();
  }
  refuseNotFinite(`The weights ${given.path}`, found);
  return { kept: kept.map(({ name }) => name), ...rest, ...coloursOf(given, architecture) };
}

/** Whether a file has the weights of a model, but for the last layers where its classes differ. */
export function fitsWeightsFile(
  model: LayersModel,
  architecture: Architecture,
  file: WeightsFile,
): boolean {
  try {
    matched(model, architecture, file, { otherClasses: true });
    return true;
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}

/** How the network of a file saw colours, where the file says so. */
export function coloursOf(
  { colours, keras }: Pick<WeightsFile, 'colours' | 'keras'>,
  architecture: Architecture,
): { colours?: Colours } {
  if (colours !== undefined) return { colours };
  return keras && architecture.keras?.colours === 'BGR' ? { colours: CAFFE_COLOURS } : {};
}

/** The tensors of a file by the weights of a model; throws a DataError where they do not fit. */
function matched(
  model: LayersModel,
  architecture: Architecture,
  given: WeightsFile,
  { otherClasses, classes = given.classes }: LoadOptions,
) {
  const slots = placesOf(model, architecture);
  const named = inNamesOf(given, slots, architecture);
  const prefix = prefixOf(slots, named);
  const file = withoutPrefix(named, prefix);
  const fileClasses = classesOf(slots, file);
  const heads = slots.filter(({ classAxis }) => classAxis !== undefined);
  const differs =
    !isDeepStrictEqual(classes, given.classes ?? classes) ||
    heads.some((slot) => isOfOtherClasses(slot, file.tensors.get(slot.name)));
  const kept = differs && otherClasses ? heads : [];
  const wanted = slots.filter((slot) => !kept.includes(slot));
  const ignored = ignoredNames(slots, architecture, file);
  checkTensors(wanted, kept, ignored, architecture, file);
  return { file, wanted, kept, fileClasses, ignored, prefix };
}

/** The number of classes in a file, found by the shape of its last layer. */
export function countClasses(
  model: LayersModel,
  architecture: Architecture,
  file: WeightsFile,
): number | undefined {
  const slots = placesOf(model, architecture);
  const named = inNamesOf(file, slots, architecture);
  return classesOf(slots, withoutPrefix(named, prefixOf(slots, named)));
}

/**
 * What stands before every name of a file and keeps them from being those of the model: `module.` of
 * DistributedDataParallel, `_orig_mod.` of torch.compile, or the name of the variable that held the
 * network: `model.`, `backbone.`.
 */
function prefixOf(slots: readonly WeightPlace[], { tensors }: WeightsFile): string {
  const names = [...tensors.keys()];
  const known = new Set(slots.map(({ name }) => name));
  const [first = ''] = names;
  let prefix = '';
  while (names.every((name) => name.startsWith(prefix))) {
    if (names.some((name) => known.has(name.slice(prefix.length)))) return prefix;
    const end = first.indexOf('.', prefix.length);
    if (end < 0) return '';
    prefix = first.slice(0, end + 1);
  }
  return '';
}

function withoutPrefix(file: WeightsFile, { length }: string): WeightsFile {
  if (length === 0) return file;
  const tensors = [...file.tensors].map(([name, tensor]) => [name.slice(length), tensor] as const);
  return { ...file, tensors: new Map(tensors) };
}

function classesOf(slots: readonly WeightPlace[], { tensors }: WeightsFile): number | undefined {
  const head = slots.findLast(({ classAxis }) => classAxis !== undefined);
  return head && tensors.get(head.name)?.shape[head.classAxis ?? 0];
}

function isOfOtherClasses(
  { shape, classAxis }: WeightPlace,
  tensor: StoredTensor | undefined,
): boolean {
  if (tensor === undefined || tensor.shape.length !== shape.length) return false;
  return shape.every((length, axis) => (length !== tensor.shape[axis]) === (axis === classAxis));
}

/** Published files of GoogLeNet have auxiliary heads, which only training needs. */
function ignoredNames(
  slots: readonly WeightPlace[],
  { auxiliary }: Architecture,
  file: WeightsFile,
) {
  if (auxiliary === undefined || slots.some(({ name }) => isAuxiliary(name))) return [];
  return [...file.tensors.keys()].filter(isAuxiliary);
}

function isAuxiliary(name: string): boolean {
  return /^aux\d\./.test(name);
}

/** (positions, inputs, outputs) of the model as the file has them. */
function backwards([positions, inputs, outputs]: readonly [number, number, number]) {
  return [outputs, inputs, positions] as const;
}

function checkTensors(
  wanted: readonly WeightPlace[],
  kept: readonly WeightPlace[],
  ignored: readonly string[],
  architecture: Architecture,
  { path, tensors }: WeightsFile,
): void {
  const known = new Set([...[...wanted, ...kept].map(({ name }) => name), ...ignored]);
  const missing = wanted.filter(({ name }) => !tensors.has(name)).map(({ name }) => name);
  const extra = [...tensors.keys()].filter((name) => !known.has(name));
  const misshapen = wanted.flatMap(({ name, shape }) => {
    const found = tensors.get(name)?.shape;
    if (found === undefined || describeShape(found) === describeShape(shape)) return [];
    return [`${name} is ${describeShape(found)}, expected ${describeShape(shape)}`];
  });
  const lists = [
    listed('missing', missing),
    listed('left over', extra),
    listed('of another shape', misshapen),
  ].filter((list) => list !== '');
  if (lists.length === 0) return;
  const heads =
    architecture.auxiliary !== undefined && missing.length > 0 && missing.every(isAuxiliary);
  const advice = heads ? '\n--aux-weight 0 trains without the auxiliary heads' : '';
  const network = titleOf(architecture);
  throw new DataError(`The weights ${path} do not fit ${network}:${lists.join('')}${advice}`);
}
