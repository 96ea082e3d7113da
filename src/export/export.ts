import { join } from 'node:path';
import { type LayersModel, model as layersModel } from '@tensorflow/tfjs-layers';
import { openBackend } from '../backend/index.js';
import type { InputOptions, TrainedModel } from '../evaluate/trained-model.js';
import { modelFiles } from '../runs/checkpoint/model-files.js';
import { writeWeights } from '../runs/weights-files.js';
import type { Reporter } from '../session/reporter.js';
import type { Settings } from '../settings/types.js';
import { checkWritable, makeDirectories, writeAtomically } from '../system/files.js';
import { cannotWrite } from '../system/system-errors.js';

export interface Exported {
  readonly output: string;
  readonly format: Settings<'export'>['format'];
  readonly arch: string;
  readonly classes: number;
}

/**
 * Writes trained weights as a safetensors file, or as a stock tfjs model without auxiliary heads.
 */
export async function exportModel(
  trained: TrainedModel,
  { format, inputSize, channels }: Settings<'export'>,
  output: string,
  reporter: Reporter,
): Promise<Exported> {
  if (format === 'safetensors') await checkWritable(output, '--output');
  // Nothing is computed, so any backend serves.
  await openBackend('js', { precision: 'f32' });
  const { mean, std } = trained.architecture.recipe;
  const view: InputOptions = { resizeSize: null, cropSize: inputSize, channels, mean, std };
  const { session, named } = await trained.open(view, reporter);
  const { model, card } = session;
  try {
    if (format === 'tfjs') await writeModel(output, model);
    else await writeWeights(output, model, trained.architecture, named ? card.classes : undefined);
  } catch (error) {
    throw cannotWrite(output, error);
  }
  const { arch, classes } = card;
  return { output, format, arch, classes: classes.length };
}

async function writeModel(directory: string, { inputs, outputs, name }: LayersModel) {
  const [logits] = outputs;
  if (logits === undefined) throw new Error(`${name} has no output`);
  const files = await modelFiles(layersModel({ inputs, outputs: logits, name }));
  await makeDirectories(directory);
  for (const [file, content] of files) await writeAtomically(join(directory, file), content);
}
