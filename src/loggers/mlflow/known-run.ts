/** Which run of an MLflow server a run is: mlflow.json in its directory. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { writeAtomically } from '../../system/files.js';

export interface KnownRun {
  readonly uri: string;
  readonly id: string;
}

const schema = z.object({ uri: z.string(), id: z.string().regex(/^[\w-]{1,64}$/) });

/** The id of the server's run; undefined where the run was logged to another server, or to none. */
export async function readKnownRun(file: string, uri: string): Promise<string | undefined> {
  try {
    const known = schema.parse(JSON.parse(await readFile(file, 'utf8')));
    return known.uri === uri ? known.id : undefined;
  } catch {
    // Without the file, and whatever else it may hold, it names no run.
    return undefined;
  }
}

export async function keepKnownRun(file: string, run: KnownRun): Promise<void> {
  await writeAtomically(file, `${JSON.stringify(run)}\n`);
}
