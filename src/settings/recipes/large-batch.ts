/**
 * For batches of thousands, as many processes have them: LARS (You, Gitman, Ginsburg, "Large Batch
 * Training of Convolutional Networks", 2017) with the linear rule and the warm-up of Goyal et al.,
 * "Accurate, Large Minibatch SGD", 2017. The numbers are those of ResNet-50 on TPUs,
 * models/official/resnet of github.com/tensorflow/tpu, where LARS was meant for 2,000 images and more.
 */
import { isForImageNet, isNormalised, type NamedRecipe } from './recipe.js';

const LARS = 'You et al., 2017, section 5';
const TPU = 'github.com/tensorflow/tpu, resnet/lars_util.py';
const DEFAULT = 'github.com/tensorflow/tpu, resnet, default';
const LINEAR = 'Goyal et al., 2017, section 2.1';
const WARMUP = 'Goyal et al., 2017, section 2.2';

/** What lars_util.py has below 16,384 images, and the largest power of two below them. */
const BASE = { lr: 10, batchSize: 8192 };

export const LARGE_BATCH: readonly NamedRecipe[] = [
  {
    networks: 'the networks for ImageNet that have batch normalisation',
    takes: (architecture) => isForImageNet(architecture) && isNormalised(architecture),
    settings: [
      ['epochs', 90, DEFAULT],
      ['batch-size', BASE.batchSize, TPU],
      ['lr', BASE.lr, TPU],
      ['lr-scheduler', 'poly', TPU],
      ['lr-power', 2, TPU],
      ['lr-min', 0, TPU],
      ['lr-warmup-epochs', 5, WARMUP],
      ['lr-warmup-method', 'linear', WARMUP],
      ['lr-warmup-decay', 0, TPU],
      ['opt', 'lars', LARS],
      ['opt-trust', 0.001, LARS],
      ['momentum', 0.9, DEFAULT],
      ['nesterov', false, DEFAULT],
      ['weight-decay', 1e-4, DEFAULT],
      ['norm-weight-decay', 0, TPU],
      ['bias-weight-decay', 0, TPU],
      ['bias-lr-scale', 1, DEFAULT],
      ['augment', 'inception', DEFAULT],
    ],
    rate: { ...BASE, source: `${LINEAR}: in proportion to the batch` },
    published: {},
  },
];
