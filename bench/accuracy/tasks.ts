/** What is trained to an accuracy, with one recipe for both sides. */

export interface Recipe {
  readonly batchSize: number;
  readonly epochs: number;
  readonly lr: number;
  readonly warmupSteps: number;
  readonly weightDecay: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** First epochs, which train the last layer alone. */
  readonly frozenEpochs: number;
}

export interface Task {
  readonly name: 'lenet5' | 'resnet20-cifar' | 'resnet18';
  /** Validation accuracy in percent at which the clock stops. */
  readonly target: number;
  /** A set of the catalogue; else the photographs. */
  readonly dataset?: string;
  readonly recipe: Recipe;
  /** Flags of `cnn train` for what the recipe does not say. */
  readonly flags: readonly string[];
}

const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

export const TASKS: readonly Task[] = [
  {
    name: 'lenet5',
    target: 99,
    dataset: 'mnist',
    recipe: {
      ...{ batchSize: 128, epochs: 20, lr: 0.05, warmupSteps: 0, weightDecay: 5e-4 },
      ...{ mean: [0.1307], std: [0.3081], frozenEpochs: 0 },
    },
    flags: [],
  },
  {
    name: 'resnet20-cifar',
    target: 90,
    dataset: 'fashion-mnist',
    recipe: {
      ...{ batchSize: 128, epochs: 3, lr: 0.1, warmupSteps: 200, weightDecay: 1e-4 },
      ...{ mean: [0.286], std: [0.353], frozenEpochs: 0 },
    },
    flags: ['--input-size', '28', '--channels', '1'],
  },
  {
    name: 'resnet18',
    target: 98,
    recipe: {
      ...{ batchSize: 32, epochs: 4, lr: 0.01, warmupSteps: 10, weightDecay: 1e-4 },
      ...{ ...IMAGENET, frozenEpochs: 1 },
    },
    flags: ['--augment', 'inception', '--scale', '0.25,1'],
  },
];

/** The photographs whose crops a ResNet-18 is pretrained to tell apart; it is fine-tuned on the others. */
export const PRETRAINING = ['aqua', 'blinds', 'dune', 'freshflower', 'garden', 'greenmeadow'];

/** Flags of `cnn train` for a recipe. */
export function recipeFlags(recipe: Recipe): string[] {
  const { batchSize, epochs, lr, warmupSteps, weightDecay, mean, std, frozenEpochs } = recipe;
  const flags = {
    ...{ 'batch-size': batchSize, epochs, lr, 'lr-scheduler': 'cosine', momentum: 0.9 },
    ...{ 'lr-warmup-steps': warmupSteps, 'weight-decay': weightDecay, mean, std },
    ...{ 'frozen-epochs': frozenEpochs },
  };
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
}
