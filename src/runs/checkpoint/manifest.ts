import { join } from 'node:path';
import { z } from 'zod';
import { readRegularFile } from '../../system/read-file.js';
import type { CheckpointState } from '../state.js';
import { damaged, MODEL, MOST_JSON_BYTES, WEIGHTS } from './layout.js';
import { countOf, type Spec, specSchema } from './spec.js';

const modelSchema = z.object({
  weightsManifest: z.array(
    z.object({ weights: z.array(specSchema.extend({ dtype: z.literal('float32') })) }),
  ),
});

const FLOAT_BYTES = 4;

/** What model.json says of the weights in weights.bin. */
export async function readManifest(
  directory: string,
  { files, network }: CheckpointState,
): Promise<readonly Spec[]> {
  const bytes = await readRegularFile(join(directory, MODEL), MOST_JSON_BYTES);
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw damaged(directory, `${MODEL} is not whole JSON`, { cause });
  }
  const result = modelSchema.safeParse(json);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw damaged(directory, `${MODEL}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const specs = result.data.weightsManifest.flatMap(({ weights }) => weights);
  const numbers = countOf(specs);
  const held = (files[WEIGHTS]?.bytes ?? 0) / FLOAT_BYTES;
  if (numbers !== held) {
    throw damaged(directory, `it holds ${held} numbers where ${numbers} are expected`);
  }
  // A network is built before its weights are compared: one of other classes may be far too large.
  const classes = network.classes.length;
  if (!specs.some(({ shape }) => shape.at(-1) === classes)) {
    throw damaged(directory, `it names ${classes} classes and has no weights for so many`);
  }
  return specs;
}
