/** Datasets of images as Hugging Face has them: Parquet files with a column of images and one of labels. */
import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import { DataError } from '../../../../errors.js';
import type { ByteSource } from '../../byte-source.js';
import type { Place } from '../../opened.js';
import type { Survey } from '../../survey.js';
import type { ContainerFile } from '../container-file.js';
import type { ContainerSet } from '../container-set.js';
import type { PartFiles } from '../container-tree.js';
import { LabelledImages, type RawLabel } from '../labelled-images.js';
import { type Columns, findColumns } from './features.js';
import { type Hyparquet, loadHyparquet } from './hyparquet.js';
import { valuePlaces } from './image-column.js';

const MAGIC = 'PAR1';
/** More than that of one piece is damage. */
const MOST_BYTES = 256 * 2 ** 20;

/** The set that some files are; the places are those that may have its README. */
export async function readParquet(
  files: PartFiles,
  places: readonly [Place, ...Place[]],
  survey: Survey,
): Promise<ContainerSet> {
  const [root] = places;
  if (files.train.length === 0) {
    throw new DataError(
      `No training files in ${root.path}: expected names such as train-00000-of-00001.parquet.`,
    );
  }
  const parts = await readParts(files, places, survey);
  const noVal = `No validation files in ${root.path}: expected names such as validation-00000-of-00001.parquet, or take validation images from the training set with --val-fraction 0.1.`;
  return { name: 'Parquet files', ...parts, noVal };
}

async function readParts(
  { train, val }: PartFiles,
  places: readonly [Place, ...Place[]],
  survey: Survey,
) {
  const [root] = places;
  const read = async (files: readonly ContainerFile[]) => {
    const images = new LabelledImages(survey);
    for (const file of files) await survey.attempt(() => addFile(file, places, images));
    return survey.attempt(() => images.part(root.path));
  };
  return { train: await read(train), val: await read(val) };
}

async function addFile(
  file: ContainerFile,
  places: readonly Place[],
  images: LabelledImages,
): Promise<void> {
  await file.open(async (source) => {
    checkEnds(file, source);
    try {
      await addRows(file, source, places, images);
    } catch (cause) {
      if (cause instanceof DataError) throw cause;
      throw new DataError(
        `${file.path} is damaged: ${(cause as Error).message}. Compare its size and checksum with the original.`,
        { cause },
      );
    }
  });
}

function checkEnds({ path }: ContainerFile, source: ByteSource): void {
  const { start, end } = source;
  const read = (at: number) => (end - start < 12 ? '' : source.read(at, 4).toString('latin1'));
  if (read(start) !== MAGIC) throw new DataError(`${path} is not a Parquet file.`);
  if (read(end - 4) === MAGIC) return;
  throw new DataError(
    `${path} is truncated: its end, which says where the images are, is missing. Fetch it again.`,
  );
}

async function addRows(
  file: ContainerFile,
  source: ByteSource,
  places: readonly Place[],
  images: LabelledImages,
): Promise<void> {
  const library = await loadHyparquet();
  const buffer = asyncBufferOf(source);
  const metadata = await library.parquetMetadataAsync(buffer);
  const columns = findColumns(metadata, library.parquetSchema(metadata).children, places);
  if (typeof columns === 'string') throw new DataError(`${file.path} has ${columns}.`);
  images.names ??= columns.names;
  const labels = await readLabels(library, buffer, metadata, columns);
  let row = -1;
  let last: unknown = images;
  for await (const value of valuePlaces(library, source, metadata, columns.image)) {
    const label = labels[++row] ?? null;
    if (label === null || Number(label) < 0) {
      images.leaveOut();
      continue;
    }
    if (value === undefined) {
      throw new DataError(
        `Row ${row} of ${file.path} has no image, perhaps the path of a file alone: expected the bytes of an image.`,
      );
    }
    if (value.block !== last) {
      images.place({ ...file.place, ...(value.block && { block: value.block }) });
      last = value.block;
    }
    images.add({ name: String(row), size: value.size, offset: value.offset }, label);
  }
}

/** The labels of all rows: numbers or texts. */
async function readLabels(
  { parquetReadColumn, compressors }: Hyparquet,
  file: AsyncBuffer,
  metadata: FileMetaData,
  { label }: Columns,
): Promise<(RawLabel | null)[]> {
  const values = await parquetReadColumn({ file, metadata, columns: [label], compressors });
  return Array.from(values as ArrayLike<unknown>, (value) => {
    if (value === null || value === undefined) return null;
    return typeof value === 'bigint' ? Number(value) : (value as RawLabel);
  });
}

function asyncBufferOf(source: ByteSource): AsyncBuffer {
  const byteLength = source.end - source.start;
  return {
    byteLength,
    slice(from, to = byteLength) {
      const length = Math.min(to, byteLength) - from;
      if (from < 0 || length < 0 || length > MOST_BYTES) throw new Error('a place in it is wrong');
      const bytes = source.read(source.start + from, length);
      return Uint8Array.from(bytes).buffer;
    },
  };
}
