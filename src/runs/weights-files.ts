/** Weights files at both ends of a training. */

import { stat } from 'node:fs/promises';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Architecture, withoutDrawing } from '../archs/index.js';
import { type Colours, perChannel } from '../colours.js';
import { counted } from '../counted.js';
import { architectureOfCard } from '../session/network-card.js';
import type { Reporter } from '../session/reporter.js';
import { openSession, type Session } from '../session/session.js';
import { writeAtomically } from '../system/files.js';
import {
  type Loaded,
  loadWeightsFile,
  namedTensors,
  openWeightsFile,
  safetensorsParts,
  type WeightsFile,
} from '../weights/index.js';
import { openCheckpoint } from './checkpoint/open.js';
import { loadWeights, withWeightsOf } from './checkpoint/tensors.js';

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
    const options = { otherClasses: true, classes: card.classes };
    const loaded = await loadWeightsFile(model, architecture, file, options);
    const { kept, fileClasses } = loaded;
    reporter.note(`weights of ${path}`);
    noteIgnored(loaded, reporter, card);
    if (kept.length === 0) return;
    const trained =
      fileClasses === card.classes.length
        ? 'other classes than those of the data'
        : `${counted(fileClasses ?? 0, 'class', 'classes')} but the data has ${card.classes.length}`;
    reporter.note(`${path} was trained on ${trained}: reinitialised ${kept.join(', ')}`);
  });
}

/** Opens a weights file, or the last checkpoint of a run, for the time of `use`. */
export async function withWeightsFile<T>(
  path: string,
  use: (file: WeightsFile) => Promise<T>,
): Promise<T> {
  const file = (await isDirectory(path)) ? await openAsFile(path) : await openWeightsFile(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** The weights of a checkpoint under the names that files have. */
async function openAsFile(path: string): Promise<WeightsFile> {
  const checkpoint = await openCheckpoint(path);
  const card = checkpoint.state.network;
  const architecture = architectureOfCard(card);
  const { model } = withWeightsOf(checkpoint, () =>
    withoutDrawing(() => openSession(architecture, card, 0)),
  );
  await loadWeights(model, checkpoint);
  const tensors = namedTensors(model, architecture).map(({ name, shape, read }) => {
    return [name, { shape, read: async () => Float32Array.from(await read()) }] as const;
  });
  const { classes, mean, std } = card;
  return {
    ...{ path, classes, colours: { mean, std } },
    tensors: new Map(tensors),
    async close() {
      model.dispose();
    },
  };
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** Reports what of a file was left out. */
export function noteIgnored(
  { ignored, prefix, colours }: Loaded,
  reporter: Reporter,
  card: Colours,
): void {
  if (colours !== undefined && !alike(colours, card)) {
    const [mean, std] = [colours.mean, colours.std].map((values) => values.map(short).join(','));
    reporter.note(`the file was trained on images with --mean ${mean} --std ${std}`);
  }
  if (prefix !== '') reporter.note(`left out "${prefix}" before every name of the file`);
  if (ignored.length === 0) return;
  reporter.note(`left out the auxiliary heads of the file: ${counted(ignored.length, 'tensor')}`);
}

/** Whether colours are seen in the same way. */
function alike(told: Colours, { mean, std }: Colours): boolean {
  const same = (a: readonly number[], b: readonly number[]) =>
    perChannel(a, b.length).every((value, at) => Math.abs(value - (b[at] ?? 0)) < 1e-5);
  return same(told.mean, mean) && same(told.std, std);
}

function short(value: number): number {
  return Number(value.toPrecision(6));
}

/** Writes the weights of a network as a safetensors file, with what is known of it. */
export async function writeWeights(
  file: string,
  model: LayersModel,
  architecture: Architecture,
  { classes, ...colours }: Colours & { readonly classes?: readonly string[] | undefined },
): Promise<void> {
  const tensors = namedTensors(model, architecture);
  await writeAtomically(file, safetensorsParts(tensors, classes, colours));
}
