/** Weights files at both ends of a training. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Architecture } from '../archs/index.js';
import type { Reporter } from '../session/reporter.js';
import type { Session } from '../session/session.js';
import { writeAtomically } from '../system/files.js';
import {
  type Loaded,
  loadWeightsFile,
  namedTensors,
  openWeightsFile,
  safetensorsParts,
  type WeightsFile,
} from '../weights/index.js';

/**
 * Starts a training from a weights file; the last layers are reinitialised where its classes
 * differ.
 */
export async function startFrom(
  path: string,
  { model, card }: Session,
  architecture: Architecture,
  reporter: Reporter,
): Promise<void> {
  await withWeightsFile(path, async (file) => {
    const loaded = await loadWeightsFile(model, architecture, file, { otherClasses: true });
    const { kept, fileClasses } = loaded;
    reporter.note(`weights of ${path}`);
    noteIgnored(loaded, reporter);
    if (kept.length === 0) return;
    reporter.note(
      `${path} was trained on ${fileClasses} classes but the data has ${card.classes.length}: ` +
        `reinitialised ${kept.join(', ')}`,
    );
  });
}

/** Opens a weights file for the time of `use`. */
export async function withWeightsFile<T>(
  path: string,
  use: (file: WeightsFile) => Promise<T>,
): Promise<T> {
  const file = await openWeightsFile(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** Reports what of a file was left out. */
export function noteIgnored({ ignored, prefix, colours }: Loaded, reporter: Reporter): void {
  if (colours !== undefined) {
    const [mean, std] = [colours.mean, colours.std].map((values) => values.map(short).join(','));
    reporter.note(`the file was trained on images with --mean ${mean} --std ${std}`);
  }
  if (prefix !== '') reporter.note(`left out "${prefix}" before every name of the file`);
  if (ignored.length === 0) return;
  reporter.note(`left out the auxiliary heads of the file: ${ignored.length} tensors`);
}

function short(value: number): number {
  return Number(value.toPrecision(6));
}

/** Writes the weights of a network as a safetensors file, with its classes where they are known. */
export async function writeWeights(
  file: string,
  model: LayersModel,
  architecture: Architecture,
  classes?: readonly string[],
): Promise<void> {
  await writeAtomically(file, safetensorsParts(namedTensors(model, architecture), classes));
}
