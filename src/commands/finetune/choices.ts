/** What a fine-tuning chooses where nothing is given, with the reason of each choice. */
import { type Architecture, findArchitecture } from '../../archs/index.js';
import type { OptionName, Value } from '../../settings/options/index.js';
import { isForImageNet } from '../../settings/recipes/recipe.js';
import type { DataFacts } from './data-facts.js';
import type { WeightsFacts } from './weights-facts.js';

export interface Choice {
  readonly option: OptionName;
  readonly value: Value;
  readonly reason: string;
  /** It means nothing where one of these is given. */
  readonly unless?: readonly OptionName[];
}

/** The numbers that were given, on which others depend. */
export interface GivenNumbers {
  readonly epochs: number | null;
  readonly batchSize: number | null;
}

/** Up to so many training images: epochs with weights, and from scratch. */
const EPOCHS = [
  { images: 500, withWeights: 40, fromScratch: 120 },
  { images: 5_000, withWeights: 20, fromScratch: 60 },
  { images: 50_000, withWeights: 8, fromScratch: 20 },
  { images: Number.POSITIVE_INFINITY, withWeights: 4, fromScratch: 10 },
] as const;

/** Short sides up to which a network for such images is taken. */
const SIDES = { digits: 36, tiny: 48 } as const;
/** A residual network from scratch sees as many pixels as the images have, within these. */
const FROM_SCRATCH = { least: 64, most: 128, step: 32 } as const;

/** The network where there are no weights. */
export function chooseNetwork({ side, channels, training }: DataFacts): Choice {
  const images = `${training.toLocaleString('en')} training images of ${side} pixels`;
  const name =
    side <= SIDES.digits && channels === 1
      ? 'lenet5'
      : side <= SIDES.tiny
        ? 'resnet20-cifar'
        : 'resnet18';
  return {
    option: 'arch',
    value: name,
    reason: `no --weights, so it is trained from scratch: small enough for ${images}`,
  };
}

/** How the images of a network without weights are seen. */
export function chooseInput(
  { size }: Pick<Architecture, 'size'>,
  { side, channels }: DataFacts,
): Choice[] {
  const { least, most, step } = FROM_SCRATCH;
  const near = Math.min(most, Math.max(least, step * Math.round(side / step)));
  const large = size > most;
  return [
    {
      option: 'input-size',
      value: large ? near : size,
      reason: large
        ? `images have ${side} pixels, and more than ${most} take longer than they gain from scratch`
        : 'that of the network',
    },
    {
      option: 'channels',
      value: channels,
      reason: channels === 1 ? 'the images are grey' : 'the images have colours',
    },
  ];
}

/** How the weights were trained to see images. */
export function inputOfWeights({ input }: WeightsFacts): Choice[] {
  return Object.entries(input).map(([option, value]) => ({
    option: option as OptionName,
    value,
    reason: 'as the weights were trained',
  }));
}

/** All that depends on neither the images' size nor their colours. */
export function chooseTraining(
  architecture: Architecture,
  { training }: DataFacts,
  withWeights: boolean,
  given: GivenNumbers,
): Choice[] {
  const images = `${training.toLocaleString('en')} training images`;
  const row = EPOCHS.find(({ images: most }) => training <= most) as (typeof EPOCHS)[number];
  const ownEpochs = withWeights ? row.withWeights : row.fromScratch;
  const epochs = given.epochs ?? ownEpochs;
  const batch = given.batchSize ?? Math.min(training, training < 10_000 ? 32 : 64);
  const { lr, batchSize } = architecture.recipe;
  const rate = Number(((lr * batch) / batchSize).toPrecision(2));
  const patience = Math.max(5, Math.round(epochs / 4));
  const from = withWeights ? 'from weights' : 'from scratch';
  return [
    { option: 'batch-size', value: batch, reason: `${images}: many steps in an epoch` },
    { option: 'epochs', value: ownEpochs, reason: `${images}, ${from}` },
    ...(withWeights ? gentleStart(epochs) : []),
    {
      option: 'lr',
      value: rate,
      reason: `the recipe's ${lr} for batches of ${batchSize}, in proportion`,
    },
    { option: 'lr-scheduler', value: 'cosine', reason: 'it needs no number of its own' },
    {
      option: 'lr-warmup-epochs',
      value: Math.min(1, epochs / 10),
      reason: 'steps with a low rate first',
      unless: ['lr-warmup-steps', 'lr-scheduler'],
    },
    {
      option: 'early-stop-patience',
      value: patience,
      reason: 'a quarter of the epochs without a better Acc@1 is enough',
    },
    ...chooseAugmentation(architecture, training),
  ];
}

/** What keeps a new last layer from spoiling the others. */
function gentleStart(epochs: number): Choice[] {
  const frozen = Math.min(epochs - 1, Math.max(1, Math.round(epochs / 8)));
  return [
    {
      option: 'frozen-epochs',
      value: frozen,
      reason: 'the new last layer learns before it changes the others',
    },
    {
      option: 'depth-lr-scale',
      value: 0.1,
      reason: 'first layers know edges and colours already',
    },
  ];
}

function chooseAugmentation(architecture: Architecture, training: number): Choice[] {
  if (!isForImageNet(architecture) || training > 50_000) return [];
  const unless = ['augment', 'train-crop-mode', 'train-resize-size', 'padding'] as const;
  return [
    {
      option: 'augment',
      value: 'inception',
      reason: 'boxes of random area, for few images',
      unless,
    },
    {
      option: 'scale',
      value: [0.25, 1],
      reason: 'a quarter of the image at least, so that it is still there',
      unless,
    },
  ];
}

/** Where the network's weights could come from, for who has none. */
export function adviceWithoutWeights(name: string): string {
  const pretrained = findArchitecture(name).size >= 64 ? name : 'resnet18';
  return (
    `Weights that were trained on ImageNet reach more on few images: save ${pretrained}'s of torchvision ` +
    '(torch.save(model.state_dict(), "weights.pth")) or timm (.safetensors) and give --weights FILE'
  );
}
