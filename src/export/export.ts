import { stat } from 'node:fs/promises';
import { openBackend } from '../backend/index.js';
import { UsageError } from '../errors.js';
import type { InputOptions, Opened, TrainedModel } from '../evaluate/trained-model.js';
import { writeWeights } from '../runs/weights-files.js';
import type { Reporter } from '../session/reporter.js';
import type { Settings } from '../settings/types.js';
import { checkWritable, writeOutput } from '../system/files.js';
import { checkNewDirectory, writeNewDirectory } from '../system/new-directory.js';
import { cannotWrite } from '../system/system-errors.js';
import { kerasNetworks, writeKerasWeights } from '../weights/index.js';
import { describe } from './description.js';
import { type GraphOptions, inferenceGraph } from './graph/inference-graph.js';
import { onnxParts } from './onnx/model.js';
import { graphModelFiles } from './tfjs/graph-model.js';
import { layersModelFiles, ownClasses } from './tfjs/layers-model.js';

export type ExportSettings = Settings<'export'>;
type Format = ExportSettings['format'];

export interface Exported {
  readonly output: string;
  readonly format: Format;
  readonly arch: string;
  readonly classes: number;
}

interface Source extends Opened {
  readonly trained: TrainedModel;
  readonly settings: ExportSettings;
  readonly reporter: Reporter;
}

interface Form {
  /** Throws where the output could not be written, so that this is known before the work. */
  check(output: string, flag: string): Promise<void>;
  write(output: string, source: Source): Promise<void>;
}

const FORMS: Readonly<Record<Format, Form>> = {
  onnx: { check: checkWritable, write: writeOnnx },
  keras: { check: checkKeras, write: writeKeras },
  safetensors: { check: checkWritable, write: writeSafetensors },
  tfjs: { check: checkNewDirectory, write: writeGraphModel },
  'tfjs-layers': { check: checkNewDirectory, write: writeLayersModel },
};

/** Writes trained weights, or the network with them, for other programs. */
export async function exportModel(
  trained: TrainedModel,
  settings: ExportSettings,
  output: string,
  reporter: Reporter,
): Promise<Exported> {
  const { format, inputSize, channels, resizeSize, mean, std } = settings;
  const form = FORMS[format];
  await form.check(output, '--output');
  // Nothing is computed, so any backend serves.
  await openBackend('js', { precision: 'f32' });
  const view: InputOptions = { resizeSize, cropSize: inputSize, channels, mean, std };
  const opened = await trained.open(view, reporter);
  await form.write(output, { ...opened, trained, settings, reporter });
  const { arch, classes } = opened.session.card;
  return { output, format, arch, classes: classes.length };
}

async function writeSafetensors(output: string, { session, named, trained }: Source) {
  const { model, card } = session;
  const { mean, std } = card;
  const known = { mean, std, classes: named ? card.classes : undefined };
  await writeWeights(output, model, trained.architecture, known).catch((error) => {
    throw cannotWrite(output, error);
  });
}

/** Keras knows its files by the end of their names, and HDF5 goes back in what it writes. */
async function checkKeras(output: string, flag: string): Promise<void> {
  if (!output.endsWith('.weights.h5')) {
    throw new UsageError(
      `Expected ${flag} to end in .weights.h5, which Keras knows its files by, but received ${output}`,
    );
  }
  const existing = await stat(output).catch(() => undefined);
  if (existing && !existing.isFile() && !existing.isDirectory()) {
    throw new UsageError(`Expected ${flag} to be a file but ${output} is none`);
  }
  await checkWritable(output, flag);
}

async function writeKeras(output: string, { session, named, trained }: Source) {
  const { architecture } = trained;
  if (architecture.keras === undefined) {
    throw new UsageError(
      `--format keras is for the networks of keras.applications, ${kerasNetworks()}, and not for ${architecture.name}: --format onnx has every network`,
    );
  }
  const { model, card } = session;
  const changed = card.archOptions ?? [];
  if (changed.length > 0) {
    throw new UsageError(
      `--format keras is for networks as keras.applications has them, and not for one with --arch-options ${changed.join(',')}: --format onnx has every network`,
    );
  }
  const { mean, std } = card;
  const known = { mean, std, classes: named ? card.classes : undefined };
  await writeKerasWeights(output, model, architecture, known).catch((error) => {
    throw cannotWrite(output, error);
  });
}

async function writeGraphModel(output: string, source: Source): Promise<void> {
  const { float16 } = source.settings;
  const files = graphModelOf(source.trained, source, { ...graphOptions(source), float16 });
  await writeNewDirectory(output, '--output', files);
}

/** The files of an opened network as a graph that stock TensorFlow.js runs, model.json last. */
export function graphModelOf(
  trained: TrainedModel,
  { session }: Opened,
  { float16, ...options }: GraphOptions & { readonly float16: boolean },
) {
  const graph = inferenceGraph(session.model, options);
  return graphModelFiles(graph, describe(graph, trained, session.card, 'NHWC'), { float16 });
}

async function writeOnnx(output: string, source: Source): Promise<void> {
  const { session, trained } = source;
  const graph = inferenceGraph(session.model, graphOptions(source));
  // Images in memory have their channels last, inputs of other programs have them first.
  const layout = graph.input.pixels ? 'NHWC' : 'NCHW';
  const description = describe(graph, trained, session.card, layout);
  await writeOutput(output, onnxParts(graph, description));
}

async function writeLayersModel(output: string, { session, reporter }: Source): Promise<void> {
  const { model } = session;
  await writeNewDirectory(output, '--output', await layersModelFiles(model));
  const classes = ownClasses(model);
  if (classes.length === 0) return;
  reporter.note(
    `TensorFlow.js opens ${output} where ${classes.join(', ')} ${classes.length === 1 ? 'is' : 'are'} registered: importing cnn registers them; --format tfjs needs none`,
  );
}

function graphOptions({ settings, session }: Source): GraphOptions {
  const { mean, std } = session.card;
  return {
    softmax: settings.withSoftmax,
    pixels: settings.uint8Input ? { mean, std } : undefined,
  };
}
