import { editorSchema } from '../../experiment/file/format.js';
import type { Result } from '../command.js';

export async function runExperimentSchema(): Promise<Result> {
  const schema = editorSchema();
  return { lines: [JSON.stringify(schema, undefined, 2)], json: schema };
}
