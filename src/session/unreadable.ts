import { counted } from '../counted.js';
import type { BatchLoader } from '../data/batches/batches.js';
import type { Reporter } from './reporter.js';

export type Unreadable = Pick<BatchLoader, 'unreadable'>;

/**
 * Makes a function that warns of the images of a loader that could not be read, each time there are
 * new ones; it names the first few.
 */
export function createUnreadableWarning(reporter: Reporter) {
  const named = new Map<Unreadable, Set<string>>();
  return (loader: Unreadable, consequence: string): void => {
    const known = named.get(loader) ?? new Set();
    named.set(loader, known);
    const fresh = [...loader.unreadable].filter(([file]) => !known.has(file));
    if (fresh.length === 0) return;
    for (const [file] of fresh) known.add(file);
    const { size } = loader.unreadable;
    reporter.warn(`${counted(size, 'image')} could not be read, ${consequence}:`);
    for (const [file, reason] of fresh.slice(0, 5)) reporter.warn(`  ${file}: ${reason}`);
    if (fresh.length > 5) reporter.warn(`  and ${fresh.length - 5} more`);
  };
}
