/**
 * MNIST and the datasets in its form (Fashion-MNIST, KMNIST, EMNIST): one IDX file of images and
 * one of labels for each part, perhaps compressed by gzip. EMNIST has columns where the others have
 * rows, so that its images are upright here, unlike in torchvision.
 */
import { counted } from '../../../counted.js';
import { DataError } from '../../../errors.js';
import { FASHION_MNIST_CLASSES } from '../../catalogue/fashion-mnist.js';
import { withoutGzip } from '../../unpacked.js';
import type { ByteSource } from '../byte-source.js';
import type { Labelled } from '../labels/labelled.js';
import { list } from '../names.js';
import type { Place } from '../opened.js';
import type { Survey } from '../survey.js';
import { type ContainerFile, filesIn, unzipped } from './container-file.js';
import { type ContainerSet, labelledRows } from './container-set.js';

/** `train-images-idx3-ubyte`, `t10k-images.idx3-ubyte`, `emnist-letters-test-images-idx3-ubyte.gz`. */
const IMAGES = /^(.*?)(train|t10k|test|val|valid)-images[-.]idx3-ubyte(\.gz)?$/i;
const IMAGES_MAGIC = 0x803;
const LABELS_MAGIC = 0x801;

const DIGITS = '0123456789';
const CAPITALS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const SMALL = 'abcdefghijklmnopqrstuvwxyz';
/** Small letters that look like their capitals are one class with them. */
const MERGED = `${DIGITS}${CAPITALS}abdefghnqrt`;

/** The classes of sets by their names, where they are more than numbers; `first` is the first label. */
const CLASSES: readonly {
  readonly set: RegExp;
  readonly names: readonly string[];
  readonly first: number;
}[] = [
  { set: /emnist-byclass/i, names: [...DIGITS, ...CAPITALS, ...SMALL], first: 0 },
  { set: /emnist-(bymerge|balanced)/i, names: [...MERGED], first: 0 },
  { set: /emnist-letters/i, names: [...SMALL], first: 1 },
];

interface Part {
  readonly images: ContainerFile;
  readonly labels: ContainerFile;
}

/** The set in a folder; undefined where it holds none. */
export async function readIdx(place: Place, survey: Survey): Promise<ContainerSet | undefined> {
  const images = filesIn(place, survey).filter(({ name }) => IMAGES.test(name));
  if (images.length === 0) return undefined;
  const sets = [...new Set(images.map(({ name }) => setOf(name)))];
  const [set = ''] = sets;
  if (sets.length > 1) {
    throw new DataError(
      `${place.path} holds several datasets: ${list(sets)}. Put the files of one into a folder of their own.`,
    );
  }
  const read = async (isTrain: boolean) => {
    const wanted = images.filter(({ name }) => (partOf(name) === 'train') === isTrain);
    // Both may be there: what is unpacked is read.
    const file = wanted.find(({ name }) => !isGzip(name)) ?? wanted[0];
    if (file === undefined) return undefined;
    return survey.attempt(() => readPart(place, file, set, survey));
  };
  const name = `${set.replace(/-$/, '').toUpperCase() || 'MNIST'}'s IDX files`;
  const train = await read(true);
  if (!images.some((file) => partOf(file.name) === 'train')) {
    survey.problem(
      `No ${set}train-images-idx3-ubyte in ${place.path}, which holds the training images.`,
    );
  }
  const val = await read(false);
  const noVal = `No t10k-images-idx3-ubyte in ${place.path}, which holds the validation images; or take them from the training set with --val-fraction 0.1.`;
  return { name, train, val, noVal };
}

function setOf(name: string): string {
  return IMAGES.exec(name)?.[1] ?? '';
}

function partOf(name: string): string {
  return (IMAGES.exec(name)?.[2] ?? '').toLowerCase();
}

function isGzip(name: string): boolean {
  return withoutGzip(name) !== name;
}

async function readPart(
  place: Place,
  file: ContainerFile,
  set: string,
  survey: Survey,
): Promise<Labelled> {
  const { images, labels } = await unpacked(pairOf(place, file, survey));
  const values = await labels.open((source) => {
    const [, count] = header(labels, source, LABELS_MAGIC, 1);
    return [...source.read(source.start + 8, count)];
  });
  const rows = await images.open((source) => {
    const [first, count, height, width] = header(images, source, IMAGES_MAGIC, 3);
    if (count !== values.length) {
      throw new DataError(
        `${images.path} holds ${counted(count, 'image')} but ${labels.path} ${counted(values.length, 'label')}.`,
      );
    }
    const order = /emnist/i.test(set) ? 'columns' : 'rows';
    // A file of columns says its height where its width is; all are squares.
    return {
      first,
      stride: width * height,
      pixels: { width, height, channels: 1, order },
    } as const;
  });
  const { names, first } = classesOf(place, set, values);
  const strange = values.findIndex((label) => names[label - first] === undefined);
  if (strange >= 0) {
    throw new DataError(
      `${labels.path} gives image ${strange} the class ${values[strange]}, which the ${names.length} classes of ${set.replace(/-$/, '')} lack.`,
    );
  }
  const all = [{ ...rows, file: images, labels: values.map((label) => label - first) }];
  return labelledRows(place.path, names, all, survey);
}

function pairOf(place: Place, images: ContainerFile, survey: Survey): Part {
  const plain = withoutGzip(images.name).replace(/images([-.])idx3/i, 'labels$1idx1');
  const labels = filesIn(place, survey).find(({ name }) => withoutGzip(name) === plain);
  if (labels !== undefined) return { images, labels };
  throw new DataError(`No ${plain} in ${place.path}, which holds the classes of ${images.name}.`);
}

async function unpacked({ images, labels }: Part): Promise<Part> {
  return { images: await unpackedFile(images), labels: await unpackedFile(labels) };
}

async function unpackedFile(file: ContainerFile): Promise<ContainerFile> {
  return isGzip(file.name) ? unzipped(file) : file;
}

/** Bytes of the header and the sizes that it says. Throws unless the file is as long as that. */
function header(
  file: ContainerFile,
  source: ByteSource,
  magic: number,
  axes: number,
): [first: number, count: number, height: number, width: number] {
  const first = 4 + 4 * axes;
  const bytes = source.end - source.start;
  const head = bytes < first ? Buffer.alloc(first) : source.read(source.start, first);
  if (head.readUInt32BE(0) !== magic) {
    throw new DataError(`${file.path} is not an IDX file of bytes with ${axes} axes.`);
  }
  const sizes = Array.from({ length: axes }, (_, axis) => head.readUInt32BE(4 + 4 * axis));
  const [count = 0, height = 1, width = 1] = sizes;
  const expected = first + count * height * width;
  if (bytes === expected && expected > first) return [first, count, height, width];
  throw new DataError(
    `${file.path} is truncated or damaged: expected ${expected.toLocaleString('en')} bytes by its header but found ${bytes.toLocaleString('en')}.`,
  );
}

/** The classes of a set; numbers where its name does not say them. */
function classesOf({ path }: Place, set: string, labels: readonly number[]) {
  const known = CLASSES.find((other) => other.set.test(set));
  if (known !== undefined) return known;
  // `FashionMNIST/raw`: the files have the names of MNIST's.
  if (
    path
      .split('/')
      .slice(-2)
      .some((folder) => /fashion/i.test(folder))
  ) {
    return { names: FASHION_MNIST_CLASSES, first: 0 };
  }
  const most = labels.reduce((a, b) => Math.max(a, b), 9);
  return { names: Array.from({ length: most + 1 }, (_, label) => String(label)), first: 0 };
}
