import assert from 'node:assert/strict';
import { findArchitecture } from '../../../src/archs/index.js';
import { estimatedOnce } from '../../../src/train/start/estimated-once.js';

describe('estimates of memory', () => {
  const architecture = findArchitecture('lenet5');

  it('are made once of each precision and batch size', async () => {
    const made: string[] = [];
    const estimate = estimatedOnce(async (_, { precision }, { batchSize }) => {
      made.push(`${precision} ${batchSize}`);
      return { stepBytes: batchSize, leastBytes: precision === 'f32' ? 4 : 2, calls: [] };
    });
    const sizes = { inputSize: 28, channels: 1, numClasses: 10 } as const;
    for (const [precision, batchSize] of [
      ...[['f32', 6] as const, ['bf16', 6] as const, ['f32', 6] as const],
      ['f32', 3] as const,
    ]) {
      const found = await estimate(
        architecture,
        { name: 'cpu', precision },
        { ...sizes, batchSize },
      );
      assert.equal(found.stepBytes, batchSize);
      assert.equal(found.leastBytes, precision === 'f32' ? 4 : 2);
    }
    assert.deepEqual(made, ['f32 6', 'bf16 6', 'f32 3']);
  });
});
