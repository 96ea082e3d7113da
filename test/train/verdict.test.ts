/** What a run on ImageNet says of itself at its end. */
import assert from 'node:assert/strict';
import { findArchitecture } from '../../src/archs/index.js';
import { IMAGENET_WORDS } from '../../src/data/layouts/labels/imagenet-words.js';
import { isImageNet } from '../../src/evaluate/imagenet.js';
import { recipeSource } from '../../src/settings/recipes/index.js';
import { resolveSettings, type SettingsSource } from '../../src/settings/resolve.js';
import { verdictLines, verdictOf } from '../../src/train/verdict.js';

const scores = (top1: number, top5: number) => ({ loss: 1, top1, top5, images: 50_000 });

function request(arch: string, recipe: 'paper' | 'torchvision' | 'torchvision-v2', flags = {}) {
  const architecture = findArchitecture(arch);
  const sources: SettingsSource[] = [
    recipeSource(recipe, architecture, []),
    { values: { recipe, ...flags }, source: 'flag' },
  ];
  return { architecture, ...resolveSettings('train', sources, architecture) };
}

describe('the verdict', () => {
  it('is for ILSVRC alone', () => {
    const wnids = [...IMAGENET_WORDS.keys()];
    assert.equal(wnids.length, 1000);
    assert.ok(isImageNet(wnids, 50_000));
    assert.ok(!isImageNet(wnids, 49_999));
    assert.ok(!isImageNet([...wnids.slice(1), 'n00000000'], 50_000));
    assert.ok(!isImageNet(wnids.slice(1), 50_000));
  });

  it('is consistent where the interval holds the published accuracy', () => {
    const of = (top1: number) =>
      verdictOf(request('resnet50-torchvision', 'torchvision'), { last: scores(top1, 92.8) });
    // Of 50,000 images about 0.37 points on both sides.
    assert.equal(of(76.13)?.outcome, 'consistent');
    assert.equal(of(75.8)?.outcome, 'consistent');
    assert.equal(of(75.7)?.outcome, 'worse');
    assert.equal(of(76.6)?.outcome, 'better');
    const [low = 0, high = 0] = of(76.13)?.top1?.interval ?? [];
    assert.ok(Math.abs(low - 75.7544) < 1e-3 && Math.abs(high - 76.5016) < 1e-3, `${low} ${high}`);
  });

  it('compares no ten crops with one', () => {
    const found = verdictOf(request('alexnet', 'paper'), { last: scores(57.1, 80.2) });
    assert.equal(found?.outcome, null);
    assert.deepEqual(found && verdictLines(found), [
      'published, recipe paper: Acc@1 59.300 Acc@5 81.800 (ILSVRC-2012 val, ten crops, one network)',
      'yours: Acc@1 57.100 (95 %: 56.67 to 57.53) Acc@5 80.200 (95 %: 79.85 to 80.55): by another protocol, so that the two do not compare; cnn eval has others',
    ]);
    const other = request('resnet18', 'paper', { 'resize-size': 288 });
    assert.equal(verdictOf(other, { last: scores(69.57, 89) })?.outcome, null);
  });

  it('takes top-5 where only that was published, and averaged weights where those were', () => {
    const googlenet = verdictOf(request('googlenet', 'paper'), { last: scores(68.7, 89.9) });
    assert.equal(googlenet?.outcome, 'consistent');
    const averaged = verdictOf(request('resnet50-torchvision', 'torchvision-v2'), {
      last: scores(80, 95),
      average: scores(80.8, 95.4),
    });
    assert.deepEqual([averaged?.outcome, averaged?.top1?.yours], ['consistent', 80.8]);
    assert.equal(verdictOf(request('preresnet50', 'paper'), { last: scores(70, 90) }), undefined);
  });
});
