import * as tf from '@tensorflow/tfjs-core';
import type { World } from './world.js';

/** Gives variables that each process has its own values of, in one message, the same on all. */
export async function combineVariables(
  world: World,
  variables: readonly tf.Variable[],
  how: 'reduce' | 'broadcast',
): Promise<void> {
  if (world.size === 1 || variables.length === 0) return;
  const values = new Float32Array(variables.reduce((sum, { size }) => sum + size, 0));
  let at = 0;
  for (const variable of variables) {
    values.set(await variable.data(), at);
    at += variable.size;
  }
  const combined = await world.combine(values, how);
  at = 0;
  for (const variable of variables) {
    const own = tf.tensor(combined.slice(at, at + variable.size), variable.shape);
    variable.assign(own);
    own.dispose();
    at += variable.size;
  }
}
