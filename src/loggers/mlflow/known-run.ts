/** Which run of an MLflow server a run is: mlflow.json in its directory. */
import { z } from 'zod';
import { replaceFile } from '../../system/files.js';
import { readRegularFile } from '../../system/read-file.js';

export interface KnownRun {
  readonly uri: string;
  readonly id: string;
}

const MOST_BYTES = 10_000;
const schema = z.object({ uri: z.string(), id: z.string().regex(/^[\w-]{1,64}$/) });

/** The id of the server's run; undefined where the run was logged to another server, or to none. */
export async function readKnownRun(file: string, uri: string): Promise<string | undefined> {
  try {
    const known = schema.parse(JSON.parse((await readRegularFile(file, MOST_BYTES)).toString()));
    return known.uri === uri ? known.id : undefined;
  } catch {
    // Without the file, and whatever else it may hold, it names no run.
    return undefined;
  }
}

export async function keepKnownRun(file: string, run: KnownRun): Promise<void> {
  await replaceFile(file, `${JSON.stringify(run)}\n`);
}
