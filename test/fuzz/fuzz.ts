/** Runs a reader over damaged files: it gives a value or an error for people, soon and in little memory. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CnnError } from '../../src/errors.js';

/** `npm run test:fuzz` asks for more of them. */
const RUNS = Number(process.env['CNN_FUZZ_RUNS'] ?? 40);
const SEED = Number(process.env['CNN_FUZZ_SEED'] ?? 1);
/** Of one file. The files are of a few kilobytes. */
const MOST_SECONDS = 2;
const MOST_BYTES = 300 * 2 ** 20;

/**
 * Adds a test. `isRefusal` says which errors a reader may throw whose callers make sentences of
 * them; others throw errors with an exit code.
 */
export function fuzz<T>(
  name: string,
  inputs: () => fc.Arbitrary<T>,
  read: (input: T) => unknown,
  isRefusal: (error: unknown) => boolean = (error) => error instanceof CnnError,
): void {
  it(`${name}: ${RUNS} damaged ones are read or refused`, async () => {
    let read_ = 0;
    let most = 0;
    const property = fc.asyncProperty(inputs(), async (input) => {
      const before = process.memoryUsage().arrayBuffers;
      const start = process.cpuUsage();
      try {
        await read(input);
        read_++;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        assert.doesNotMatch((error as Error).message, /\[object/);
        for (let cause = error; cause instanceof Error; cause = cause.cause) {
          if (isMistake(cause)) throw cause;
        }
      }
      const { user, system } = process.cpuUsage(start);
      const seconds = (user + system) / 1e6;
      most = Math.max(most, seconds);
      assert.ok(seconds < MOST_SECONDS, `it took ${seconds} s`);
      const grown = process.memoryUsage().arrayBuffers - before;
      assert.ok(grown < MOST_BYTES, `it took ${grown} bytes`);
    });
    await fc.assert(property, { numRuns: RUNS, seed: SEED });
    if (RUNS > 100) console.log(`      ${read_} of ${RUNS} were read, each in at most ${most} s`);
  });
}

/** Whether JavaScript threw it for a mistake in a reader, which a sentence may hide; Node's errors have a code. */
function isMistake(error: Error): boolean {
  const kinds = [TypeError, RangeError, ReferenceError];
  return kinds.some((kind) => error instanceof kind) && !('code' in error);
}
