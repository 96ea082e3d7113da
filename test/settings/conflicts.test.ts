/** Settings that make no sense together are refused before anything is opened. */
import assert from 'node:assert/strict';
import { findArchitecture } from '../../src/archs/index.js';
import { runTrain } from '../../src/commands/train.js';
import { SILENT } from '../../src/session/reporter.js';

/** Flags of `cnn train --arch resnet18`, and the message. */
const REFUSED: readonly (readonly [flags: Readonly<Record<string, string | true>>, RegExp])[] = [
  [
    { patience: '3' },
    /^Expected --patience with --lr-scheduler plateau but received it with step$/,
  ],
  [
    { 'lr-step-size': '3', 'lr-scheduler': 'cosine' },
    /--lr-step-size with --lr-scheduler step but/,
  ],
  [
    { 'lr-scheduler': 'cosine', lr: '0.1', 'lr-min': '1' },
    /--lr-min to be at most the 0.1 of --lr but received 1$/,
  ],
  [{ 'lr-milestones': '3,6' }, /--lr-milestones with --lr-scheduler multistep but/],
  [{ 'lr-gamma': '0.5', 'lr-scheduler': 'poly' }, /step, multistep, plateau or exponential/],
  [{ 'lr-power': '2' }, /--lr-power with --lr-scheduler poly/],
  [{ 'lr-min': '0.1' }, /--lr-min with --lr-scheduler cosine, poly, plateau or onecycle/],
  [
    { 'lr-scheduler': 'multistep' },
    /Expected --lr-milestones .* for example --lr-milestones 30,60/,
  ],
  [
    { 'lr-scheduler': 'multistep', 'lr-milestones': '30,90' },
    /below the 90 of --epochs but received 90/,
  ],
  [{ 'lr-scheduler': 'multistep', 'lr-milestones': '6,3' }, /in rising order but received 6,3/],
  [{ 'lr-warmup-steps': '5', 'lr-warmup-epochs': '1' }, /received both/],
  [{ 'lr-warmup-decay': '0.1' }, /--lr-warmup-decay with a warm-up/],
  [{ 'lr-scheduler': 'onecycle', 'lr-warmup-epochs': '1' }, /a rise of its own/],
  [{ 'base-momentum': '0.8' }, /--base-momentum with --lr-scheduler onecycle but/],
  [{ 'lr-scheduler': 'onecycle', momentum: '0.8' }, /received --momentum: --no-cycle-momentum/],
  [{ 'lr-scheduler': 'onecycle', 'max-momentum': '0.8' }, /at most the 0.8 of --max-momentum/],
  [
    { opt: 'adamw', lr: '1', momentum: '0.5' },
    /--momentum with --opt sgd, sgd-caffe, rmsprop or lars but/,
  ],
  [{ opt: 'rmsprop', lr: '1', nesterov: true }, /--nesterov with --opt sgd, sgd-caffe or lars/],
  [{ 'opt-betas': '0.8,0.9' }, /--opt-betas with --opt adamw or lamb/],
  [{ 'opt-alpha': '0.8' }, /--opt-alpha with --opt rmsprop/],
  [{ 'opt-trust': '0.1' }, /--opt-trust with --opt lars/],
  [{ 'opt-eps': '0.8' }, /--opt-eps with --opt rmsprop, lars, adamw or lamb/],
  [{ opt: 'adamw' }, /^Expected --lr with --opt adamw: that of the recipe is meant for sgd$/],
  [{ nesterov: true, momentum: '0' }, /--momentum above 0 with --nesterov/],
  [
    { recipe: 'torchvision-v2' },
    /torchvision-v2 with one of resnet50-torchvision, .* with resnet18$/,
  ],
  [{ recipe: 'torchvision', arch: 'lenet5' }, /torchvision with one of the networks for ImageNet/],
  [{ recipe: 'imagenet' }, /one of paper, torchvision, torchvision-v2, large-batch, quick/],
];

describe('cnn train refuses', () => {
  for (const [flags, message] of REFUSED) {
    const words = Object.entries(flags).map(([name, value]) => `--${name} ${value}`);
    it(words.join(' '), async () => {
      const training = runTrain({ arch: 'resnet18', data: '/nowhere', ...flags }, SILENT);
      await assert.rejects(training, (error: Error) => {
        assert.equal(error.name, 'UsageError');
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it('nothing of what a recipe holds', async () => {
    for (const arch of ['alexnet', 'resnet110-cifar', 'googlenet', 'densenet121']) {
      assert.ok(findArchitecture(arch));
      for (const recipe of ['paper', 'quick']) {
        const training = runTrain({ arch, recipe, data: '/nowhere' }, SILENT);
        await assert.rejects(training, /nowhere/);
      }
    }
  });
});
