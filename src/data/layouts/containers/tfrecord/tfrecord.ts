/**
 * Shards of TFRecords with images: ImageNet's as TensorFlow's scripts write them (`image/encoded`,
 * `image/class/label` from 1 on, `image/class/synset`), and those of TensorFlow Datasets (`image`,
 * `label` from 0 on).
 */
import { DataError } from '../../../../errors.js';
import { linesOf } from '../../../../system/text.js';
import { isGzip } from '../../../unpacked.js';
import type { ByteSource } from '../../byte-source.js';
import { list } from '../../names.js';
import { type Place, readTextIfPossible } from '../../opened.js';
import type { Survey } from '../../survey.js';
import { type ContainerFile, unzipped } from '../container-file.js';
import type { ContainerSet } from '../container-set.js';
import type { PartFiles } from '../container-tree.js';
import { LabelledImages, type RawLabel } from '../labelled-images.js';
import { type FeatureValue, featuresOf, textAt } from './example.js';
import { beginsRight, isSound, type RecordPlace, recordsIn, unsound } from './records.js';

export const TFRECORD_LAYOUT = 'TFRecord shards';

/** `train-00000-of-01024`, `mnist-train.tfrecord-00000-of-00001`, `pets_train.tfrecords`. */
const NAME = /(-\d{5}-of-\d{5}|\.tfrecords?)(\.gz)?$/i;
const IMAGES = ['image/encoded', 'image', 'image_raw', 'img'];
const LABELS = ['image/class/synset', 'image/class/label', 'label', 'labels', 'class'];
/** Files that name the classes of numbers. */
const CLASS_LISTS = ['label.labels.txt', 'labels.txt', 'classes.txt'];
const MOST_LIST_BYTES = 2 ** 20;
/** Records of a shard whose bytes are compared with their checksums, spread over it. */
const LOOKS = 16;
/** Bytes that say what a file is. */
const LOOK_BYTES = 3;
/** Compressed shards of more bytes are for their owner to unpack where there is room. */
const MOST_PACKED_BYTES = 4 * 2 ** 30;

export function isRecordFile({ name }: ContainerFile): boolean {
  return NAME.test(name);
}

/** The set that some files are. */
export async function readTfRecords(
  { train, val }: PartFiles,
  places: readonly [Place, ...Place[]],
  survey: Survey,
): Promise<ContainerSet> {
  const [root] = places;
  if (train.length === 0) {
    throw new DataError(
      `No training shards in ${root.path}: expected names such as train-00000-of-01024.`,
    );
  }
  checkPacked(root.path, [...train, ...val]);
  const names = classList(places);
  const read = async (files: readonly ContainerFile[]) => {
    const images = new LabelledImages(survey);
    images.names = names;
    for (const file of files) await survey.attempt(() => addShard(file, images));
    return survey.attempt(() => images.part(root.path));
  };
  const noVal = `No validation shards in ${root.path}: expected names such as validation-00000-of-00128, or take validation images from the training set with --val-fraction 0.1.`;
  return { name: TFRECORD_LAYOUT, train: await read(train), val: await read(val), noVal };
}

function checkPacked(path: string, files: readonly ContainerFile[]): void {
  const packed = files.filter(({ name }) => /\.gz$/i.test(name));
  const bytes = packed.reduce((sum, { size }) => sum + size, 0);
  if (bytes <= MOST_PACKED_BYTES) return;
  throw new DataError(
    `The compressed shards in ${path} take ${Math.round(bytes / 2 ** 30)} GiB, and their images are read by their place: unpack them where there is room.`,
  );
}

async function addShard(found: ContainerFile, images: LabelledImages): Promise<void> {
  const file = (await isPacked(found)) ? await unzipped(found) : found;
  await file.open(async (source) => {
    images.place(file.place);
    const records: RecordPlace[] = [];
    for await (const record of recordsIn(source, file.path)) {
      addRecord(file, source, record, records.length, images);
      records.push(record);
    }
    if (records.length === 0) throw new DataError(`${file.path} is empty.`);
    checkSome(file, source, records);
  });
}

/** Whether gzip has compressed a shard, whose name need not say so. */
async function isPacked({ name, open }: ContainerFile): Promise<boolean> {
  if (/\.gz$/i.test(name)) return true;
  return open((source) => isGzip(source.read(source.start, LOOK_BYTES)) && !beginsRight(source));
}

function addRecord(
  file: ContainerFile,
  source: ByteSource,
  record: RecordPlace,
  number: number,
  images: LabelledImages,
): void {
  let features: Map<string, FeatureValue>;
  let label: RawLabel | undefined;
  try {
    features = featuresOf(source, record);
    label = labelIn(features, source);
  } catch (cause) {
    throw new DataError(
      `Record ${number} of ${file.path} is no tf.train.Example: ${(cause as Error).message}.`,
      { cause },
    );
  }
  const image = IMAGES.map((key) => features.get(key)).find((value) => typeof value === 'object');
  if (image === undefined) {
    throw new DataError(
      `Record ${number} of ${file.path} has no image: expected the bytes of an image file in image/encoded but found ${list([...features.keys()].sort(), 12)}.`,
    );
  }
  if (label === undefined || Number(label) < 0) {
    images.leaveOut();
    return;
  }
  const { start, end } = image;
  images.add({ name: String(number), size: end - start, offset: start }, label);
}

/** The synset of ImageNet, which names the class; else a number or a text. */
function labelIn(
  features: ReadonlyMap<string, FeatureValue>,
  source: ByteSource,
): RawLabel | undefined {
  const key = LABELS.find((name) => features.has(name));
  const value = key === undefined ? undefined : features.get(key);
  return typeof value === 'object' ? textAt(source, value) : value;
}

function checkSome(
  { path, place }: ContainerFile,
  source: ByteSource,
  records: readonly RecordPlace[],
): void {
  // Those in tar files are not checked by "cnn data verify".
  const looks = Math.min(records.length, place.inside === '' ? LOOKS : records.length);
  for (let look = 0; look < looks; look++) {
    const number = Math.round((look * (records.length - 1)) / Math.max(1, looks - 1));
    if (!isSound(source, records[number] as RecordPlace)) throw unsound(path, number);
  }
}

/** The classes by their numbers: a line for each, from 0 on, or lines of `number:name`. */
function classList(places: readonly Place[]): readonly string[] | undefined {
  for (const place of places) {
    const file = CLASS_LISTS.find((name) => place.contents.files.includes(name));
    const text = file && readTextIfPossible(place, file, MOST_LIST_BYTES);
    if (text === undefined || text === '') continue;
    const lines = linesOf(text);
    const numbered = lines.map((line) => /^(\d+):\s*(.+)$/.exec(line));
    if (!numbered.every((match) => match !== null)) return lines;
    const names: string[] = [];
    for (const match of numbered) names[Number(match[1])] = match[2] as string;
    return Array.from(names, (name, label) => name ?? String(label));
  }
  return undefined;
}
