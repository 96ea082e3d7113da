import { setTimeout as delay } from 'node:timers/promises';
import { SPEAKING_MS } from '../distributed/open-world.js';
import type { World } from '../distributed/world.js';
import { CnnError, LostProcessError } from '../errors.js';

/** Leaves the other processes at the end; of errors that all of them have the leader speaks. */
export async function withWorld<T>(world: World, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    await world.close();
    return result;
  } catch (error) {
    const words = (error as Error).message;
    const told = await world.close(words).catch(() => false);
    if (error instanceof LostProcessError && error.speaker !== world.rank) {
      await delay(SPEAKING_MS);
      throw new CnnError('', error.exitCode, { cause: error });
    }
    if (world.leads || !told || !(error instanceof CnnError)) throw error;
    throw new CnnError('', error.exitCode, { cause: error });
  }
}
