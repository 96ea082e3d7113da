import type { BatchLoader } from '../data/batches/batches.js';
import type { Reporter } from './reporter.js';

export type Unreadable = Pick<BatchLoader, 'unreadable'>;

/**
 * Makes a function that warns of the images of a loader that could not be read, each time there are
 * new ones; it names the first few.
 */
export function createUnreadableWarning(reporter: Reporter) {
  const known = new Map<Unreadable, number>();
  return (loader: Unreadable, consequence: string): void => {
    const files = [...loader.unreadable];
    const before = known.get(loader) ?? 0;
    if (files.length === before) return;
    known.set(loader, files.length);
    const count = files.length === 1 ? '1 image' : `${files.length} images`;
    reporter.warn(`${count} could not be read, ${consequence}:`);
    const fresh = files.slice(before);
    for (const [file, reason] of fresh.slice(0, 5)) reporter.warn(`  ${file}: ${reason}`);
    if (fresh.length > 5) reporter.warn(`  and ${fresh.length - 5} more`);
  };
}
