import assert from 'node:assert/strict';
import { architectures, findArchitecture } from '../../src/archs/index.js';
import { AUGMENTATIONS } from '../../src/augment/index.js';
import { UsageError } from '../../src/errors.js';
import { evaluationTransform, trainingTransform } from '../../src/session/augmentation.js';
import { resolveSettings } from '../../src/settings/resolve.js';
import { flagValues } from '../../src/settings/validate.js';

/** The transform of `cnn train --arch …` with these flags. */
function transformOf(arch: string, flags: Record<string, string> = {}) {
  const architecture = findArchitecture(arch);
  const layer = { values: flagValues('train', flags), source: 'flag' as const };
  const { settings } = resolveSettings('train', [layer], architecture);
  return trainingTransform(architecture.recipe, settings);
}

describe('the augmentation of a training', () => {
  it('is that of the paper, by default', () => {
    assert.deepEqual(transformOf('alexnet'), AUGMENTATIONS.alexnet);
    assert.deepEqual(transformOf('vgg16'), AUGMENTATIONS.vgg);
    assert.deepEqual(transformOf('googlenet'), AUGMENTATIONS.inception);
    assert.deepEqual(transformOf('resnet50'), AUGMENTATIONS.resnet);
    assert.deepEqual(transformOf('alexnet').resize, 256);
    assert.deepEqual(transformOf('alexnet').colour, 0.1);
    assert.deepEqual(transformOf('vgg16').resize, [256, 512]);
    assert.deepEqual(transformOf('resnet50').resize, [256, 480]);
    assert.deepEqual(transformOf('googlenet').area, [0.08, 1]);
    assert.deepEqual(transformOf('googlenet').aspect, [3 / 4, 4 / 3]);
  });

  it('fits each network of the catalogue at its size, by every name', () => {
    for (const { name } of architectures) {
      for (const augment of ['none', ...Object.keys(AUGMENTATIONS)]) {
        transformOf(name, { augment });
      }
      transformOf(name);
    }
  });

  it('is none of it with --augment none', () => {
    const { resize, crop, mirror, colour = 0 } = transformOf('alexnet', { augment: 'none' });
    assert.deepEqual(
      { resize, crop, mirror, colour },
      { resize: 256, crop: 'centre', mirror: 0, colour: 0 },
    );
  });

  it('grows with the input size, but for what is given', () => {
    assert.equal(transformOf('alexnet', { 'input-size': '112' }).resize, 128);
    assert.deepEqual(transformOf('vgg16', { 'input-size': '112' }).resize, [128, 256]);
    const given = transformOf('alexnet', { 'input-size': '112', 'train-resize-size': '150' });
    assert.deepEqual([given.resize, given.size], [150, 112]);
  });

  it('changes in parts', () => {
    const transform = transformOf('alexnet', {
      'train-resize-size': '300,400',
      hflip: '0.25',
      'color-pca': '0',
      padding: '4',
    });
    assert.deepEqual(transform, {
      ...AUGMENTATIONS.alexnet,
      resize: [300, 400],
      mirror: 0.25,
      colour: 0,
      pad: 4,
    });
    const boxes = transformOf('alexnet', {
      'train-crop-mode': 'area',
      scale: '0.35,1',
      ratio: '1',
    });
    assert.deepEqual([boxes.crop, boxes.area, boxes.aspect], ['area', [0.35, 1], [1, 1]]);
  });

  for (const [flags, message] of [
    [{ scale: '0.5,1' }, /--scale does nothing to crops of mode random.*--train-crop-mode area/],
    [{ augment: 'inception', 'train-resize-size': '256' }, /--train-resize-size does nothing/],
    [{ 'train-resize-size': '200' }, /crop of 224 pixels does not fit .* resized to 200/],
    [{ 'train-resize-size': '256.5' }, /whole number/],
    [{ 'train-crop-mode': 'area', scale: '0.9,0.1' }, /--scale.*the least first/],
    [{ 'train-crop-mode': 'area', scale: '0,1' }, /--scale/],
    [{ hflip: '1.5' }, /--hflip/],
    [{ augment: 'cutmix' }, /--augment to be one of none, alexnet/],
  ] as const) {
    it(`refuses ${JSON.stringify(flags)}`, () => {
      assert.throws(
        () => transformOf('alexnet', flags),
        (error) => {
          assert.ok(error instanceof UsageError);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  it('leaves evaluations alone: the centre at the short side that is asked for', () => {
    const { val } = findArchitecture('vgg16').recipe.transform;
    assert.deepEqual(evaluationTransform(val, 224), val);
    assert.equal(evaluationTransform(val, 224, 384).resize, 384);
    assert.deepEqual(evaluationTransform(val, 112), { ...val, size: 112, resize: 128 });
    assert.throws(() => evaluationTransform(val, 224, 200), UsageError);
  });
});
