/** Processes that begin with different things would train different networks. */
import { createHash } from 'node:crypto';
import type * as tf from '@tensorflow/tfjs-core';
import { DataError, RunError, UsageError } from '../errors.js';
import type { World } from './world.js';

export const DATA_FINGERPRINT = 'the fingerprint of the data';

/** Throws on all processes where a fact is not the same on each. */
export async function checkSame(
  world: World,
  facts: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (world.size === 1) return;
  const all = (await world.texts(JSON.stringify(facts))).map((text) => JSON.parse(text));
  const [first] = all;
  for (const [rank, other] of all.entries()) {
    const names = Object.keys({ ...first, ...other });
    const name = names.find((key) => JSON.stringify(first[key]) !== JSON.stringify(other[key]));
    if (name === undefined) continue;
    const Problem = name === DATA_FINGERPRINT ? DataError : UsageError;
    throw new Problem(
      `Expected the same on all processes, but ${name} is ${JSON.stringify(first[name])} on ${world.names[0]} and ${JSON.stringify(other[name])} on ${world.names[rank]}`,
    );
  }
}

/** Throws on all processes where the values of tensors are not the same bits on each. */
export async function checkSameValues(
  world: World,
  tensors: readonly { data(): Promise<tf.TypedArray> }[],
  when: string,
): Promise<void> {
  if (world.size === 1) return;
  const hash = createHash('sha256');
  for (const tensor of tensors) hash.update(new Uint8Array((await tensor.data()).slice().buffer));
  const all = await world.texts(hash.digest('hex'));
  const other = all.findIndex((text) => text !== all[0]);
  if (other < 0) return;
  throw new RunError(
    `The weights of ${world.names[other]} are not those of ${world.names[0]} ${when}: its memory or processor is at fault, or it is another build of cnn. Resume without it`,
  );
}
