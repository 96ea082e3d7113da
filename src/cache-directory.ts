import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where catalogue datasets are kept: `$CNN_CACHE`, else `~/.cache/cnn`. */
export function cacheDirectory(): string {
  return process.env['CNN_CACHE'] || join(homedir(), '.cache', 'cnn');
}

/** What to do where it cannot be written to. */
export const CACHE_ADVICE = 'Set CNN_CACHE to a directory with room for it';
