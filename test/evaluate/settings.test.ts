import assert from 'node:assert/strict';
import { findArchitecture } from '../../src/archs/index.js';
import { CENTRE_CROP } from '../../src/augment/papers.js';
import { UsageError } from '../../src/errors.js';
import {
  checkProtocols,
  type ProtocolSettings,
  protocolsOf,
} from '../../src/evaluate/protocols/protocol.js';
import { viewsOf } from '../../src/evaluate/protocols/views.js';

const NONE: ProtocolSettings = { crops: null, scales: null, mirror: null, resizeSize: null };

function protocols(arch: string, settings: Partial<ProtocolSettings>, transform = CENTRE_CROP) {
  const architecture = findArchitecture(arch);
  checkProtocols({ ...NONE, ...settings }, architecture);
  return protocolsOf({ ...NONE, ...settings }, architecture, transform);
}

describe('the settings of a protocol', () => {
  it('are those of the papers where none are given', () => {
    // biome-ignore format: one protocol a row
    for (const [arch, crops, views, scales] of [
      ['vgg16',     '1',       1, [256]],
      ['alexnet',   '10',     10, [256]],
      ['resnet50',  '10',     10, [256]],
      ['googlenet', '144',   144, [256, 288, 320, 352]],
      ['vgg16',     '150',   150, [256, 384, 512]],
      ['vgg16',     'dense',   2, [256]],
      ['resnet50',  'dense',  10, [224, 256, 384, 480, 640]],
    ] as const) {
      const [found] = protocols(arch, { crops: [crops] });
      assert.deepEqual([found?.views, found?.scales], [views, scales], `${crops} of ${arch}`);
    }
  });

  it('name what they are beside each number', () => {
    const [ten, dense] = protocols('alexnet', {
      crops: ['10', 'dense'],
      scales: [384, 256],
      mirror: false,
    });
    assert.equal(
      ten?.stamp,
      'ten crops of 224×224, short side 256, mirrored, softmax averaged over 10 views (Krizhevsky et al., 2012, section 4.1)',
    );
    assert.equal(
      dense?.stamp,
      'dense for 224×224, short sides 256, 384, softmax averaged over 2 views (Simonyan and Zisserman, 2014, section 3.2)',
    );
  });

  it('put crops where the papers say, in wide images and in tall ones', () => {
    const places = (arch: string, crops: '10' | '144', width: number, height: number) => {
      const [protocol] = protocols(arch, { crops: [crops] });
      assert.ok(protocol);
      return viewsOf(protocol, width, height).map(({ left, top, width: side }) =>
        [left, top, side].join(),
      );
    };
    // AlexNet's are in the square in the centre: 42 of 341 columns are left out on the left.
    assert.deepEqual(places('alexnet', '10', 341, 256), [
      '42,0,224',
      '74,0,224',
      '42,32,224',
      '74,32,224',
      '58,16,224',
    ]);
    assert.deepEqual(places('resnet50', '10', 341, 256), [
      '0,0,224',
      '117,0,224',
      '0,32,224',
      '117,32,224',
      '58,16,224',
    ]);
    assert.deepEqual(
      places('googlenet', '144', 256, 341).filter((place) => place.endsWith(',256')),
      ['0,0,256', '0,42,256', '0,85,256'],
    );
  });

  for (const [settings, problem] of [
    [{ crops: ['10'], scales: [256] }, /--scales does nothing to --crops 10, .* by --resize-size/],
    [{ crops: ['144'], scales: [256, 288] }, /--crops 144 is at 4 scales, .* but --scales has 2/],
    [{ crops: ['150'], scales: [256, 256, 256] }, /is at 3 scales, .* but --scales has 1/],
    [{ crops: ['150'], resizeSize: 300 }, /--resize-size does nothing to --crops 150/],
    [{ crops: ['dense'], scales: [256], resizeSize: 300 }, /--resize-size does nothing/],
    [{ crops: ['10', '150'], mirror: false }, /--no-mirror does nothing to --crops 10,150/],
    [{ crops: ['1', '1'] }, /each of --crops once but received 1 twice/],
    [{ crops: ['dense'], scales: [200] }, /short sides of at least 224, .* larger --scales/],
  ] as const) {
    it(`are refused where they make no sense: ${JSON.stringify(settings)}`, () => {
      assert.throws(
        () => protocols('vgg16', settings),
        (error: Error) => {
          assert.ok(error instanceof UsageError);
          assert.match(error.message, problem);
          return true;
        },
      );
    });
  }

  it('take ten crops at one other scale', () => {
    const transform = { ...CENTRE_CROP, resize: 300 };
    assert.deepEqual(
      protocols('vgg16', { crops: ['10'], resizeSize: 300 }, transform)[0]?.scales,
      [300],
    );
    const small = { ...CENTRE_CROP, resize: 200 };
    assert.throws(
      () => protocols('vgg16', { crops: ['10'], resizeSize: 200 }, small),
      /larger --resize-size/,
    );
  });
});
