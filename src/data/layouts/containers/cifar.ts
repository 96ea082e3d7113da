/**
 * CIFAR-10 and CIFAR-100 as they are distributed, in their binary and their Python version: images
 * of 32×32 pixels, one plane for each colour.
 * https://www.cs.toronto.edu/~kriz/cifar.html
 */
import { DataError } from '../../../errors.js';
import { linesOf } from '../../../system/text.js';
import { count, list } from '../names.js';
import { type Place, readText } from '../opened.js';
import type { Survey } from '../survey.js';
import { readBatch, readNames } from './cifar-pickle.js';
import { type ContainerFile, filesIn } from './container-file.js';
import { type ContainerSet, labelledRows, type Rows } from './container-set.js';

const PIXELS = { width: 32, height: 32, channels: 3, order: 'planes' } as const;
const IMAGE_BYTES = PIXELS.width * PIXELS.height * PIXELS.channels;

/** One of the four versions. */
interface Version {
  readonly name: string;
  readonly train: readonly string[];
  readonly val: string;
  /** The file that names the classes, without which it is not this dataset. */
  readonly names: string;
  /** Images in each file, as distributed. */
  readonly images: { readonly train: number; readonly val: number };
  readonly classes: (place: Place, files: Files) => Promise<readonly string[]> | readonly string[];
  readonly rows: (file: ContainerFile) => Promise<Rows>;
}

type Files = ReadonlyMap<string, ContainerFile>;

const BATCHES = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}`);
const CIFAR_10 = { train: 10_000, val: 10_000 };
const CIFAR_100 = { train: 50_000, val: 10_000 };

const VERSIONS: readonly Version[] = [
  {
    name: 'CIFAR-10 (binary version)',
    train: BATCHES.map((name) => `${name}.bin`),
    val: 'test_batch.bin',
    names: 'batches.meta.txt',
    images: CIFAR_10,
    classes: (place) => linesOf(readText(place, 'batches.meta.txt')),
    rows: (file) => binaryRows(file, 1),
  },
  {
    name: 'CIFAR-100 (binary version)',
    train: ['train.bin'],
    val: 'test.bin',
    names: 'fine_label_names.txt',
    images: CIFAR_100,
    classes: (place) => linesOf(readText(place, 'fine_label_names.txt')),
    // The coarse label comes first.
    rows: (file) => binaryRows(file, 2),
  },
  {
    name: 'CIFAR-10 (Python version)',
    train: BATCHES,
    val: 'test_batch',
    names: 'batches.meta',
    images: CIFAR_10,
    classes: (_, files) => readNames(files.get('batches.meta') as ContainerFile, 'label_names'),
    rows: (file) => pythonRows(file, 'labels'),
  },
  {
    name: 'CIFAR-100 (Python version)',
    train: ['train'],
    val: 'test',
    names: 'meta',
    images: CIFAR_100,
    classes: (_, files) => readNames(files.get('meta') as ContainerFile, 'fine_label_names'),
    rows: (file) => pythonRows(file, 'fine_labels'),
  },
];

/** The set in a folder; undefined where it holds none. */
export async function readCifar(place: Place, survey: Survey): Promise<ContainerSet | undefined> {
  const names = new Set(place.contents.files);
  const version = VERSIONS.find((other) => {
    return names.has(other.names) && [...other.train, other.val].some((name) => names.has(name));
  });
  if (version === undefined) return undefined;
  const files = new Map(filesIn(place, survey).map((file) => [file.name, file]));
  const classes = await version.classes(place, files);
  const train = await readPart(place, version, files, classes, 'train', survey);
  const val = await readPart(place, version, files, classes, 'val', survey);
  const noVal = `No ${version.val} in ${place.path}, which holds the validation images.`;
  return { name: version.name, train, val, noVal };
}

async function readPart(
  { path }: Place,
  version: Version,
  files: Files,
  classes: readonly string[],
  part: 'train' | 'val',
  survey: Survey,
) {
  const names = [version[part]].flat();
  const missing = names.filter((name) => !files.has(name));
  if (missing.length > 0 && part === 'train') {
    survey.problem(
      `${list(missing)} of ${version.name} ${missing.length === 1 ? 'is' : 'are'} missing in ${path}.`,
    );
  }
  if (missing.length === names.length) return undefined;
  const all: Rows[] = [];
  for (const name of names) {
    const file = files.get(name);
    const rows = file && (await survey.attempt(() => checkedRows(file, version, classes)));
    if (rows === undefined) continue;
    const expected = version.images[part];
    if (rows.labels.length !== expected) {
      survey.note(
        `${rows.file.path} holds ${count(rows.labels.length, 'image')}; that of ${version.name} has ${expected.toLocaleString('en')}.`,
      );
    }
    all.push(rows);
  }
  return all.length === 0 ? undefined : labelledRows(path, classes, all, survey);
}

async function checkedRows(file: ContainerFile, version: Version, classes: readonly string[]) {
  const rows = await version.rows(file);
  const strange = rows.labels.findIndex((label) => !(label >= 0 && label < classes.length));
  if (strange < 0) return rows;
  throw new DataError(
    `${file.path} is damaged: its image ${strange} has the class ${rows.labels[strange]} but ${version.names} names ${classes.length}, from 0 on.`,
  );
}

/** Records of one or two labels, the last of which counts, and the pixels. */
function binaryRows(file: ContainerFile, labelBytes: number): Promise<Rows> {
  const stride = labelBytes + IMAGE_BYTES;
  return file.open((source) => {
    const bytes = source.end - source.start;
    if (bytes === 0 || bytes % stride !== 0) {
      throw new DataError(
        `${file.path} is truncated or damaged: its ${bytes.toLocaleString('en')} bytes are not a whole number of records of ${stride}.`,
      );
    }
    const labels = Array.from({ length: bytes / stride }, (_, index) => {
      return source.read(source.start + index * stride + labelBytes - 1, 1).readUInt8();
    });
    return { file, pixels: PIXELS, first: labelBytes, stride, labels };
  });
}

async function pythonRows(file: ContainerFile, labelsKey: string): Promise<Rows> {
  const batch = await readBatch(file, labelsKey, IMAGE_BYTES);
  return { ...batch, pixels: PIXELS, stride: IMAGE_BYTES };
}
