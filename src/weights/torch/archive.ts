/**
 * The zip files of torch.save since PyTorch 1.6: `<name>/data.pkl`, a pickle, and the numbers of
 * each storage in `<name>/data/<key>`, stored without compression.
 */
import { crc32 } from 'node:zlib';
import { type Entry, fromRandomAccessReaderPromise, type ZipFile } from 'yauzl';
import { DataError } from '../../errors.js';
import { PickleError } from '../../pickle/values.js';
import { NUMBER_BYTES, roomFor, toFloat32 } from '../number-types.js';
import {
  type Contents,
  readBytes,
  refuse,
  type StoredTensor,
  type WeightsSource,
} from '../stored-tensor.js';
import { stateDictOf, type TorchTensor } from './state-dict.js';
import { inRowMajorOrder } from './strided.js';
import { CONVERT, MAX_PICKLE_BYTES } from './torch-pickle.js';
import { ZipReader } from './zip-reader.js';

const MAX_ENTRIES = 20_000;

/** Reads what a zip file of torch.save says about its tensors; executes nothing that it holds. */
export async function readTorchArchive(source: WeightsSource): Promise<Contents> {
  try {
    const reader = new ZipReader(source.handle.fd, source.size);
    const options = { autoClose: false, strictFileNames: true };
    const zip = await fromRandomAccessReaderPromise(reader, source.size, options);
    const entries = await entriesOf(zip, source);
    const pickle = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
    const [name, ...others] = pickle;
    if (entries.has('model.weights.h5')) {
      throw refuse(
        source.path,
        "it is a .keras file: write one that is read by model.save_weights('new.weights.h5')",
      );
    }
    if (name === undefined || others.length > 0) {
      throw refuse(source.path, `it is a zip file with ${pickle.length} data.pkl; expected one`);
    }
    const root = name.slice(0, -'data.pkl'.length);
    const archive = { source, zip, entries, root };
    await checkByteOrder(archive);
    const found = stateDictOf(await readEntry(archive, name));
    const tensors = [...found.tensors].map(([key, tensor]) => {
      return [key, storedTensor(archive, key, tensor)] as const;
    });
    return { tensors: new Map(tensors) };
  } catch (error) {
    if (error instanceof DataError) throw error;
    const { message } = error as Error;
    if (error instanceof PickleError) {
      throw refuse(source.path, `${message}; ${CONVERT}`);
    }
    throw refuse(source.path, `its zip directory is damaged: ${message}`, { cause: error });
  }
}

interface Archive {
  readonly source: WeightsSource;
  readonly zip: ZipFile;
  readonly entries: ReadonlyMap<string, Entry>;
  /** `<name>/`. */
  readonly root: string;
}

async function entriesOf(zip: ZipFile, { path }: WeightsSource): Promise<Map<string, Entry>> {
  if (zip.entryCount > MAX_ENTRIES) {
    throw refuse(path, `its zip directory lists ${zip.entryCount} files; at most ${MAX_ENTRIES}`);
  }
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    const { fileName, compressionMethod, compressedSize, uncompressedSize } = entry;
    const name = JSON.stringify(fileName);
    if (entries.has(fileName)) throw refuse(path, `it holds ${name} twice`);
    if (compressionMethod !== 0 || compressedSize !== uncompressedSize || entry.isEncrypted()) {
      throw refuse(path, `${name} in it is compressed or encrypted, which torch.save never does`);
    }
    entries.set(fileName, entry);
  }
  return entries;
}

async function checkByteOrder(archive: Archive): Promise<void> {
  const name = `${archive.root}byteorder`;
  if (!archive.entries.has(name)) return;
  const order = (await readEntry(archive, name)).toString();
  if (order === 'little') return;
  throw refuse(
    archive.source.path,
    `its byte order is ${JSON.stringify(order)}, expected "little"`,
  );
}

/** The whole content of a small file. */
async function readEntry(archive: Archive, name: string): Promise<Buffer> {
  const { entries, source } = archive;
  const entry = entries.get(name) as Entry;
  if (entry.uncompressedSize > MAX_PICKLE_BYTES) {
    const { uncompressedSize: bytes } = entry;
    throw refuse(source.path, `${name} takes ${bytes} bytes; at most ${MAX_PICKLE_BYTES} are read`);
  }
  const content = Buffer.alloc(entry.uncompressedSize);
  await readBytes(source, await startOf(archive, entry), content);
  checkSum(archive, entry, content);
  return content;
}

/** The position of an entry's content, checked to be inside the file. */
async function startOf({ zip, source }: Archive, entry: Entry): Promise<number> {
  const header = zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const { fileDataStart } = await header.catch((error: Error) => {
    const name = JSON.stringify(entry.fileName);
    throw refuse(source.path, `${name} in it is damaged: ${error.message}`, { cause: error });
  });
  return fileDataStart;
}

function checkSum({ source }: Archive, entry: Entry, content: Uint8Array): void {
  if (crc32(content) === entry.crc32) return;
  throw refuse(source.path, `the content of ${JSON.stringify(entry.fileName)} is damaged`);
}

function storedTensor(archive: Archive, name: string, tensor: TorchTensor): StoredTensor {
  const { entries, root, source } = archive;
  const { type, key, count } = tensor.storage;
  const entry = entries.get(`${root}data/${key}`);
  const bytes = NUMBER_BYTES[type];
  if (entry === undefined) {
    throw refuse(source.path, `the numbers of "${name}" are missing: no ${root}data/${key}`);
  }
  if (entry.uncompressedSize !== count * bytes) {
    const held = entry.uncompressedSize;
    throw refuse(
      source.path,
      `${entry.fileName} has ${held} bytes; "${name}" says ${count * bytes}`,
    );
  }
  const { offset, extent, shape } = tensor;
  const read = async () => {
    const start = await startOf(archive, entry);
    const room = roomFor(type, extent);
    await readBytes(source, start + offset * bytes, room);
    if (extent === count) checkSum(archive, entry, room);
    return inRowMajorOrder(toFloat32(type, room), tensor);
  };
  return { shape, read };
}
