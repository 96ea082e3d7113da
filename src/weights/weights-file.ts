import { open, stat } from 'node:fs/promises';
import { systemReason } from '../system/system-errors.js';
import { HDF5_MAGIC, readKerasFile } from './keras/hdf5.js';
import { plainNames } from './plain-names.js';
import { readSafetensors } from './safetensors.js';
import {
  type Contents,
  readBytes,
  refuse,
  type StoredTensor,
  type WeightsSource,
} from './stored-tensor.js';
import { readTorchArchive } from './torch/archive.js';
import { LEGACY_MAGIC, readLegacyFile } from './torch/legacy.js';

/** An open weights file; its tensors are read one by one. */
export interface WeightsFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly classes?: readonly string[];
  /** How the network saw colours, where the file says so. */
  readonly colours?: Contents['colours'];
  /** The weights of each layer in a file of Keras. */
  readonly keras?: Contents['keras'];
  close(): Promise<void>;
}

/**
 * Opens a `.safetensors` file, a `.pth` file with a state_dict or an `.h5` file of Keras, recognised by
 * their first bytes. Throws a DataError where it is none of them, or damaged.
 */
export async function openWeightsFile(path: string): Promise<WeightsFile> {
  // Opening a pipe would wait for its other end.
  const info = await stat(path).catch((error: Error) => {
    throw refuse(path, systemReason(error), { cause: error });
  });
  if (!info.isFile()) throw refuse(path, 'it is not a file');
  const handle = await open(path).catch((error: Error) => {
    throw refuse(path, systemReason(error), { cause: error });
  });
  try {
    const contents = await readContents({ path, handle, size: info.size });
    return {
      ...contents,
      tensors: plainNames(contents.tensors),
      path,
      close() {
        contents.close?.();
        return handle.close();
      },
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readContents(source: WeightsSource): Promise<Contents> {
  const { path, size } = source;
  if (size < 10) throw refuse(path, `it has only ${size} bytes`);
  const first = Buffer.alloc(Math.min(size, LEGACY_MAGIC.length));
  await readBytes(source, 0, first);
  if (first.toString('latin1', 0, 4) === 'PK\x03\x04') return readTorchArchive(source);
  if (first.toString('latin1', 8, 9) === '{') return readSafetensors(source);
  if (first.equals(LEGACY_MAGIC)) return readLegacyFile(source);
  if (first.subarray(0, HDF5_MAGIC.length).equals(HDF5_MAGIC)) return readKerasFile(source);
  throw refuse(path, 'it is neither a safetensors file nor one of torch.save or Keras');
}
