/** The network that a page shows, as the files of a GraphModel. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { openBackend } from '../backend/index.js';
import { DataError } from '../errors.js';
import type { InputOptions, TrainedModel } from '../evaluate/trained-model.js';
import { graphModelOf } from '../export/export.js';
import type { Reporter } from '../session/reporter.js';
import { readRegularFile } from '../system/read-file.js';
import { systemReason } from '../system/system-errors.js';

/** Names and contents, model.json last. */
export type ModelFiles = Iterable<readonly [name: string, content: Uint8Array]>;

const MODEL = 'model.json';
/** The deepest network of the catalogue has a tenth of it. */
const MOST_MODEL_BYTES = 64 * 2 ** 20;
/** A browser keeps no more in one piece. */
const MOST_WEIGHTS_BYTES = 2 ** 31 - 1;

/** What a page needs of an exported network. */
const exportSchema = z.object({
  format: z.literal('graph-model'),
  userDefinedMetadata: z.object({
    architecture: z.string(),
    input: z.object({ channels: z.union([z.literal(1), z.literal(3)]), height: z.int() }),
    output: z.object({ name: z.string() }),
    resize: z.object({ shortSide: z.int(), padding: z.int() }),
    mean: z.array(z.number()),
    std: z.array(z.number()),
    classes: z.array(z.string()).min(1),
  }),
  weightsManifest: z.array(z.object({ paths: z.array(z.string()) })),
});

/** The files of a trained network, made as they are asked for. */
export async function trainedFiles(
  trained: TrainedModel,
  { float16, ...view }: InputOptions & { readonly float16: boolean },
  reporter: Reporter,
): Promise<ModelFiles> {
  // Nothing is computed, so any backend serves.
  await openBackend('js', { precision: 'f32' });
  const opened = await trained.open(view, reporter);
  return graphModelOf(trained, opened, { softmax: false, pixels: undefined, float16 });
}

/** The model.json that a path names, itself or by its directory; undefined where there is none. */
export async function exportedModel(path: string): Promise<string | undefined> {
  const file = basename(path) === MODEL ? path : join(path, MODEL);
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() ? file : undefined;
}

/** The files that `cnn export --format tfjs` wrote. */
export async function exportedFiles(file: string): Promise<ModelFiles> {
  const content = await readPart(file, MOST_MODEL_BYTES);
  const { weightsManifest } = parsed(file, content);
  const files: (readonly [string, Uint8Array])[] = [];
  for (const path of weightsManifest.flatMap(({ paths }) => paths)) {
    files.push([path, await readPart(join(dirname(file), path), MOST_WEIGHTS_BYTES)]);
  }
  return [...files, [MODEL, content]];
}

async function readPart(file: string, most: number): Promise<Buffer> {
  return readRegularFile(file, most).catch((error) => {
    throw new DataError(`Cannot read ${file}: ${systemReason(error)}`, { cause: error });
  });
}

function parsed(file: string, content: Buffer): z.infer<typeof exportSchema> {
  const expected = `Expected ${file} to be one that cnn export --format tfjs wrote but`;
  let json: unknown;
  try {
    json = JSON.parse(content.toString());
  } catch {
    throw new DataError(`${expected} it is not JSON`);
  }
  const result = exportSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new DataError(`${expected} its ${issue?.path.join('.')} is not: ${issue?.message}`);
}
