/** The processes that train together. All of them call the same methods in the same order. */
import { availableParallelism } from 'node:os';
import type { Collective } from '../backend/addon.js';
import type { Together } from '../network/rules/rule.js';

/** What a process has to say between two steps. */
export interface Wish {
  /** A number of the signal that asks to stop; 0 for none. */
  readonly stop: number;
  /** It cannot take the next step. */
  readonly failed: boolean;
}

export interface Agreed {
  /** The largest number that any process has. */
  readonly stop: number;
  /** The first rank that has failed. */
  readonly failed: number | undefined;
}

export interface World {
  readonly rank: number;
  readonly size: number;
  /** Writes the run, and speaks. */
  readonly leads: boolean;
  /** Cores of the machine that this process may take. */
  readonly cores: number;
  /** Processes on this machine. */
  readonly localSize: number;
  /** For the backend; none for one process. */
  readonly handle?: Collective['handle'];
  /** In words: `2 processes on a, b (Open MPI v4.1.4)`; undefined for one. */
  readonly description: string | undefined;
  /** `rank 1 of 2 (host)`, by rank. */
  readonly names: readonly string[];
  /** Seconds by the clock of the leader, as they were told when all agreed last. */
  now(): number;
  agree(wish?: Wish): Promise<Agreed>;
  /** The text of each. */
  texts(own: string): Promise<readonly string[]>;
  /** The sums of numbers in the order of ranks, which are the same bits everywhere. */
  sum(own: readonly number[]): Promise<readonly number[]>;
  /** The leader's text. */
  told(own: string): Promise<string>;
  /** The mean of values in the order of ranks, or those of the leader. */
  combine(own: Float32Array, how: 'reduce' | 'broadcast'): Promise<Float32Array>;
  /** The values of each, as many, in the order of ranks. */
  values(own: Float32Array): Promise<readonly Float32Array[]>;
  /** Bytes that this process has sent to others for the steps of the training. */
  sentForSteps(): number;
  /** Which images of `count` are those of this process. */
  share(count: number): { readonly first: number; readonly count: number };
  /** Leaves the others, once all have come to this; whether the leader ends by the same words. */
  close(words?: string): Promise<boolean>;
}

/** Of `size` ranks the first have one more where they cannot all have the same. */
export function shareOf(rank: number, size: number, count: number) {
  const base = Math.floor(count / size);
  const more = count % size;
  return { first: rank * base + Math.min(rank, more), count: base + Number(rank < more) };
}

/** How a batch is divided; undefined where one process has all of it. */
export function togetherIn(
  world: World,
  images: number,
  how: Pick<Together, 'narrow' | 'syncNorm'>,
): Together | undefined {
  if (world.size === 1) return undefined;
  return { images, firstImage: world.share(images).first, ...how };
}

const now = () => performance.now() / 1000;

/** One process. */
export const SOLO: World = {
  rank: 0,
  size: 1,
  leads: true,
  get cores() {
    return availableParallelism();
  },
  localSize: 1,
  description: undefined,
  names: [],
  now,
  agree: async (wish) => ({ stop: wish?.stop ?? 0, failed: wish?.failed ? 0 : undefined }),
  texts: async (own) => [own],
  sum: async (own) => own,
  told: async (own) => own,
  combine: async (own) => own,
  values: async (own) => [own],
  sentForSteps: () => 0,
  share: (count) => ({ first: 0, count }),
  close: async () => true,
};
