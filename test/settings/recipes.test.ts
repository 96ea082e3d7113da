/** The tables of recipes: every value is one that its option takes, and says where it is from. */
import assert from 'node:assert/strict';
import { architectures, findArchitecture } from '../../src/archs/index.js';
import { UsageError } from '../../src/errors.js';
import { COMMAND_OPTIONS } from '../../src/settings/commands.js';
import { optionRow } from '../../src/settings/options/index.js';
import { NAMED_RECIPES, publishedBy, recipeSource } from '../../src/settings/recipes/index.js';
import { PAPERS } from '../../src/settings/recipes/paper.js';
import { resolveSettings, type SettingsSource } from '../../src/settings/resolve.js';
import { checkValues, type Values } from '../../src/settings/validate.js';

describe('the recipes', () => {
  for (const [name, recipes] of Object.entries(NAMED_RECIPES)) {
    it(`of ${name} hold valid settings of cnn train, each with its source and once`, () => {
      for (const { settings } of recipes) {
        const options = settings.map(([option]) => option);
        assert.deepEqual([...new Set(options)], options);
        for (const [option, value, source] of settings) {
          assert.ok((COMMAND_OPTIONS.train as readonly string[]).includes(option), option);
          assert.ok(source.length > 5, option);
          assert.deepEqual(checkValues('train', { [option]: value }, name), { [option]: value });
        }
      }
    });

    it(`of ${name} take a network in one way, and publish of networks that they take`, () => {
      for (const architecture of architectures) {
        const taking = recipes.filter(({ takes }) => takes(architecture));
        assert.ok(taking.length <= 1, architecture.name);
      }
      for (const { published } of recipes) {
        for (const arch of Object.keys(published)) {
          assert.ok(
            recipes.some(({ takes }) => takes(findArchitecture(arch))),
            arch,
          );
        }
      }
    });
  }

  it('quick has one for every network', () => {
    for (const architecture of architectures) recipeSource('quick', architecture, []);
  });

  it('is that of the paper where nothing is said', () => {
    for (const architecture of architectures) {
      const { settings } = resolveSettings('train', [], architecture);
      const { recipe } = architecture;
      assert.equal(settings.recipe, 'paper');
      assert.equal(settings.opt, recipe.opt ?? 'sgd');
      assert.equal(settings.lr, recipe.lr);
      assert.equal(settings.biasWeightDecay, recipe.decayBias ? null : 0);
    }
  });

  it('of the papers have a source for each setting of each network, in one place', () => {
    for (const architecture of architectures) {
      const papers = PAPERS.filter(({ networks }) => networks.test(architecture.name));
      assert.equal(papers.length, 1, architecture.name);
      const sources = papers.flatMap((paper) => paper.sources);
      const options = sources.flatMap(([, ...from]) => from);
      assert.deepEqual([...new Set(options)], options, architecture.name);
      const wanted = COMMAND_OPTIONS.train.filter((name) => optionRow(name).recipe !== undefined);
      assert.deepEqual([...options].sort(), [...wanted].sort(), architecture.name);
    }
  });

  it('take the place of the paper’s, and give way to what is given', () => {
    const resnet = findArchitecture('resnet50-torchvision');
    const source = recipeSource('torchvision-v2', resnet, []);
    const { settings, provenance } = resolveSettings(
      'train',
      [source, { values: { lr: 1 }, source: 'flag' }],
      resnet,
    );
    assert.deepEqual([settings.lr, settings.epochs, settings.lrWarmupEpochs], [1, 600, 5]);
    assert.deepEqual(
      [provenance.lr?.source, provenance.epochs?.source, provenance['print-freq']?.source],
      ['flag', 'recipe', 'default'],
    );
  });

  it('give up a warm-up in epochs for one in steps', () => {
    const resnet = findArchitecture('resnet50-torchvision');
    const given = [{ values: { 'lr-warmup-steps': 0 }, source: 'flag' }] as const;
    assert.equal(
      recipeSource('torchvision-v2', resnet, given).values['lr-warmup-epochs'],
      undefined,
    );
  });

  it('give up their own size of training for a size that is given', () => {
    const resnet = findArchitecture('resnet50-torchvision');
    const source = (values: Values) =>
      recipeSource('torchvision-v2', resnet, [{ values, source: 'flag' }]);
    assert.equal(source({}).values['train-crop-size'], 176);
    assert.equal(source({ 'input-size': 128 }).values['train-crop-size'], undefined);
  });

  it('for large batches has a rate in proportion to the images of an update', () => {
    const resnet = findArchitecture('resnet50');
    const rateOf = (values: Values) => {
      const given: SettingsSource = { values, source: 'flag' };
      const sources = [recipeSource('large-batch', resnet, [given]), given];
      const { settings, provenance } = resolveSettings('train', sources, resnet);
      return [settings.lr, provenance.lr?.source, settings.opt];
    };
    assert.deepEqual(rateOf({}), [10, 'recipe', 'lars']);
    assert.deepEqual(rateOf({ 'batch-size': 4096 }), [5, 'recipe', 'lars']);
    assert.deepEqual(rateOf({ 'batch-size': 1024, 'grad-accum-steps': 32 }), [
      40,
      'recipe',
      'lars',
    ]);
    assert.deepEqual(rateOf({ 'batch-size': 4096, lr: 3 }), [3, 'flag', 'lars']);
    assert.throws(() => recipeSource('large-batch', findArchitecture('vgg16'), []), UsageError);
  });

  it('know what was published of a network by each of them', () => {
    const [resnet, alexnet] = ['resnet50-torchvision', 'alexnet'].map(findArchitecture);
    assert.ok(resnet && alexnet);
    assert.equal(publishedBy('paper', alexnet)?.top1, 59.3);
    assert.equal(publishedBy('torchvision', resnet)?.top1, 76.13);
    assert.equal(publishedBy('torchvision-v2', resnet)?.top1, 80.858);
    assert.equal(publishedBy('torchvision', alexnet), undefined);
  });
});
