import assert from 'node:assert/strict';
import { plainNames } from '../../src/weights/plain-names.js';
import type { StoredTensor } from '../../src/weights/stored-tensor.js';

const tensor = (...shape: number[]): StoredTensor => ({
  shape,
  read: async () => new Float32Array(),
});

describe('names of tensors', () => {
  it("are torchvision's in files of timm's VGG, dense layers as matrices", () => {
    const names = plainNames(
      new Map([
        ['features.0.weight', tensor(64, 3, 3, 3)],
        ['pre_logits.fc1.weight', tensor(4096, 512, 7, 7)],
        ['pre_logits.fc1.bias', tensor(4096)],
        ['pre_logits.fc2.weight', tensor(4096, 4096, 1, 1)],
        ['head.fc.weight', tensor(10, 4096)],
        ['features.1.num_batches_tracked', tensor()],
      ]),
    );
    const shapes = [...names].map(([name, { shape }]) => [name, ...shape]);
    assert.deepEqual(shapes, [
      ['features.0.weight', 64, 3, 3, 3],
      ['classifier.0.weight', 4096, 25088],
      ['classifier.0.bias', 4096],
      ['classifier.3.weight', 4096, 4096],
      ['classifier.6.weight', 10, 4096],
    ]);
  });

  it("of a head like timm's stay in other networks", () => {
    assert.deepEqual(
      [...plainNames(new Map([['head.fc.weight', tensor(1)]])).keys()],
      ['head.fc.weight'],
    );
  });
});
