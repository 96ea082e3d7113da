import { resolve } from 'node:path';

/** What a variable of the environment names, from the current directory; undefined where it is not set. */
export function givenPath(variable: string): string | undefined {
  const path = process.env[variable];
  return path === undefined ? undefined : resolve(path);
}
