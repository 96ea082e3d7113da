import { open, stat } from 'node:fs/promises';
import { systemReason } from '../system/system-errors.js';
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
  close(): Promise<void>;
}

/**
 * Opens a `.safetensors` file or a `.pth` file with a state_dict, recognised by their first bytes.
 * Throws a DataError where it is neither, or damaged.
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
      close: () => handle.close(),
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
  throw refuse(path, 'it is neither a safetensors file nor one of torch.save');
}

/** `denselayer1.norm.1.weight`, as torchvision's own DenseNet files have it: it renames them too. */
const OLD_DENSENET = /^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$/;

/** Counters of steps and of averaged models, which no network needs. */
const COUNTER = /(^|\.)(num_batches_tracked|n_averaged)$/;

/** The tensors of a network, by names as torchvision uses them today. */
function plainNames(tensors: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> {
  const plain = new Map<string, StoredTensor>();
  for (const [name, tensor] of tensors) {
    if (!COUNTER.test(name)) plain.set(name.replace(OLD_DENSENET, '$1$2'), tensor);
  }
  return plain;
}
