import { copyFileSync, linkSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Copies a run while nothing is written to it. Checkpoints are linked, since a training replaces
 * them as a whole and never writes into one.
 */
export function copyRun(from: string, to: string): void {
  const entries = readdirSync(from, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((found) => found.isFile())) {
    const source = join(entry.parentPath, entry.name);
    const target = join(to, source.slice(from.length));
    mkdirSync(dirname(target), { recursive: true });
    if (source.startsWith(join(from, 'checkpoints'))) linkSync(source, target);
    else copyFileSync(source, target);
  }
}
