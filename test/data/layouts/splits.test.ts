import assert from 'node:assert/strict';
import { findSplits, partOfShard } from '../../../src/data/layouts/splits.js';

/** What is found among folders with these names. */
function found(...names: string[]) {
  const { train, val, doubles, unclear } = findSplits(names.map((name) => ({ name })));
  const left = [...doubles, ...unclear].map(({ name }) => name);
  return { train: train?.name, val: val?.name, left };
}

describe('the parts of a dataset', () => {
  const pairs: readonly (readonly [train: string, val: string])[] = [
    ['train', 'val'],
    ['Train', 'Val'],
    ['TRAIN', 'TEST'],
    ['training', 'testing'],
    ['Training', 'Testing'],
    ['Training', 'Test'],
    ['train', 'valid'],
    ['train', 'validation'],
    ['train', 'dev'],
    ['train', 'eval'],
    ['train', 'evaluation'],
    ['training_set', 'test_set'],
    ['trainset', 'valset'],
    ['TrainImages', 'TestImages'],
    ['train-images', 'val-images'],
    ['images_train', 'images_test'],
    ['Train Data', 'Validation Data'],
    ['train2017', 'val2017'],
    ['seg_train', 'seg_test'],
    ['flowers_train', 'flowers_valid'],
    ['seg_train', 'test'],
    ['trainval', 'test'],
    ['train_val', 'test'],
    ['Training', 'PublicTest'],
    ['ILSVRC2012_img_train', 'ILSVRC2012_img_val'],
  ];
  for (const [train, val] of pairs) {
    it(`are ${train} and ${val} by their names`, () => {
      assert.deepEqual(found(train, val), { train, val, left: [] });
      assert.deepEqual(found(val, 'other', train).left, []);
    });
  }

  it('are the usual names rather than others, and validation rather than test images', () => {
    assert.deepEqual(found('test', 'train', 'val'), { train: 'train', val: 'val', left: [] });
    assert.deepEqual(found('dev', 'test', 'train'), { train: 'train', val: 'dev', left: [] });
    assert.deepEqual(found('PrivateTest', 'PublicTest', 'Training').val, 'PublicTest');
    const twice = found('Train', 'train', 'val', 'train_extra');
    assert.deepEqual(twice, { train: 'train', val: 'val', left: ['Train', 'train_extra'] });
  });

  it('are not classes whose names hold such words', () => {
    const none = { train: undefined, val: undefined, left: [] };
    assert.deepEqual(found('bullet_train', 'crash_test'), none);
    assert.deepEqual(found('bullet_train', 'freight_car', 'passenger_car'), none);
    assert.deepEqual(found('trains', 'planes'), none);
    assert.deepEqual(found('cat', 'dog'), none);
  });

  it('are unclear where several would do', () => {
    for (const names of [
      ['train_0', 'train_1', 'val_0'],
      ['a_train', 'a_test', 'b_train', 'b_test'],
    ]) {
      assert.deepEqual(found(...names), { train: undefined, val: undefined, left: names });
    }
  });

  it('are told by the names of shards', () => {
    const shards = {
      'x-train-000000': 'train',
      'x-val-000000': 'val',
      'imagenet-validation-00000-of-00128': 'val',
      val000: 'val',
      x_Test_01: 'test',
      'test-set-train-7': 'train',
      'shard-000': 'train',
      contest: 'train',
    };
    for (const [name, part] of Object.entries(shards)) assert.equal(partOfShard(name), part, name);
  });
});
