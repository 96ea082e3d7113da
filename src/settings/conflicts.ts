/** Settings of a training that make no sense together. */
import type { Architecture } from '../archs/architecture.js';
import { UsageError } from '../errors.js';
import type { OptionName } from './options/index.js';
import type { Settings } from './types.js';

type Training = Settings<'train'>;

/** An option that means something only with some choices of another. */
interface Need {
  readonly options: readonly OptionName[];
  readonly with: OptionName;
  readonly of: readonly string[];
  readonly found: (settings: Training) => string;
}

const onSchedule = (options: readonly OptionName[], ...of: Training['lrScheduler'][]): Need => {
  return { options, with: 'lr-scheduler', of, found: ({ lrScheduler }) => lrScheduler };
};
const onOptimizer = (options: readonly OptionName[], ...of: Training['opt'][]): Need => {
  return { options, with: 'opt', of, found: ({ opt }) => opt };
};

const NEEDS: readonly Need[] = [
  onSchedule(['lr-step-size'], 'step'),
  onSchedule(['lr-milestones'], 'multistep'),
  onSchedule(['lr-gamma'], 'step', 'multistep', 'plateau', 'exponential'),
  onSchedule(['lr-power'], 'poly'),
  onSchedule(['lr-min'], 'cosine', 'poly', 'plateau', 'onecycle'),
  onSchedule(['cycle-momentum', 'base-momentum', 'max-momentum'], 'onecycle'),
  onSchedule(['patience'], 'plateau'),
  onOptimizer(['momentum'], 'sgd', 'sgd-caffe', 'rmsprop', 'lars'),
  onOptimizer(['nesterov'], 'sgd', 'sgd-caffe', 'lars'),
  onOptimizer(['opt-alpha'], 'rmsprop'),
  onOptimizer(['opt-trust'], 'lars'),
  onOptimizer(['opt-betas'], 'adamw', 'lamb'),
  onOptimizer(['opt-eps'], 'rmsprop', 'lars', 'adamw', 'lamb'),
];

const WARMUP = [
  'lr-warmup-steps',
  'lr-warmup-epochs',
  'lr-warmup-method',
  'lr-warmup-decay',
] as const;

/** Throws a UsageError for options that were given, as `given` says, and come to nothing. */
export function checkTogether(
  settings: Training,
  given: (option: OptionName) => boolean,
  { recipe }: Pick<Architecture, 'recipe'>,
): void {
  for (const need of NEEDS) {
    const option = need.options.find(given);
    const found = need.found(settings);
    if (option === undefined || need.of.includes(found) || isOff(option, settings)) continue;
    throw new UsageError(
      `Expected --${option} with --${need.with} ${oneOf(need.of)} but received it with ${found}`,
    );
  }
  checkWarmup(settings, given);
  checkMilestones(settings, given);
  checkLowest(settings);
  checkFrozenEpochs(settings);
  checkCycle(settings, given);
  checkOptimizer(settings, given, recipe.opt ?? 'sgd');
  if (!given('rollback-factor') || settings.rollback > 0) return;
  throw new UsageError(
    '--rollback-factor does nothing without --rollback: leave it out, or add --rollback 2',
  );
}

/** `--no-nesterov` and the like change nothing. */
function isOff(option: OptionName, { nesterov, cycleMomentum }: Training): boolean {
  return (option === 'nesterov' && !nesterov) || (option === 'cycle-momentum' && !cycleMomentum);
}

function checkCycle(settings: Training, given: (option: OptionName) => boolean): void {
  const { lrScheduler, cycleMomentum, baseMomentum, maxMomentum } = settings;
  if (lrScheduler !== 'onecycle') return;
  const bound = (['base-momentum', 'max-momentum'] as const).find(given);
  if (bound !== undefined && !cycleMomentum) {
    throw new UsageError(
      `Expected no --${bound} with --no-cycle-momentum, which keeps the momentum as it is`,
    );
  }
  if (given('momentum') && cycleMomentum) {
    throw new UsageError(
      'Expected --base-momentum and --max-momentum with --lr-scheduler onecycle, which cycles the momentum, but received --momentum: --no-cycle-momentum keeps it',
    );
  }
  if (!cycleMomentum || baseMomentum <= maxMomentum) return;
  throw new UsageError(
    `Expected --base-momentum to be at most the ${maxMomentum} of --max-momentum but received ${baseMomentum}`,
  );
}

function checkWarmup(settings: Training, given: (option: OptionName) => boolean): void {
  const { lrScheduler, lrWarmupSteps, lrWarmupEpochs } = settings;
  if (given('lr-warmup-steps') && lrWarmupEpochs !== null) {
    throw new UsageError('Expected --lr-warmup-steps or --lr-warmup-epochs but received both');
  }
  const steps = lrWarmupEpochs ?? lrWarmupSteps;
  const option = WARMUP.find(given);
  if (option === undefined) return;
  if (lrScheduler === 'onecycle' && steps > 0) {
    throw new UsageError(
      `Expected no --${option} with --lr-scheduler onecycle, which begins with a rise of its own`,
    );
  }
  if (steps > 0 || option === 'lr-warmup-steps' || option === 'lr-warmup-epochs') return;
  throw new UsageError(
    `Expected --${option} with a warm-up: give --lr-warmup-epochs or --lr-warmup-steps too`,
  );
}

function checkFrozenEpochs({ frozenEpochs, epochs }: Training): void {
  if (frozenEpochs === 0 || frozenEpochs < epochs) return;
  throw new UsageError(
    `Expected --frozen-epochs to be below the ${epochs} of --epochs but received ${frozenEpochs}: --freeze keeps layers frozen to the end`,
  );
}

function checkLowest({ lr, lrMin }: Training): void {
  if (lrMin === null || lrMin <= lr) return;
  throw new UsageError(`Expected --lr-min to be at most the ${lr} of --lr but received ${lrMin}`);
}

function checkMilestones(settings: Training, given: (option: OptionName) => boolean): void {
  const { lrScheduler, lrMilestones, epochs } = settings;
  if (lrScheduler !== 'multistep') return;
  if (lrMilestones === null) {
    throw new UsageError(
      'Expected --lr-milestones with --lr-scheduler multistep, for example --lr-milestones 30,60',
    );
  }
  if (lrMilestones.some((milestone, i) => milestone <= (lrMilestones[i - 1] ?? 0))) {
    throw new UsageError(
      `Expected --lr-milestones in rising order but received ${lrMilestones.join(',')}`,
    );
  }
  const late = lrMilestones.find((milestone) => milestone >= epochs && milestone >= 1);
  if (late === undefined || !given('lr-milestones')) return;
  throw new UsageError(
    `Expected each of --lr-milestones to be below the ${epochs} of --epochs but received ${late}`,
  );
}

function checkOptimizer(
  { opt, nesterov, momentum }: Training,
  given: (option: OptionName) => boolean,
  ofRecipe: Training['opt'],
): void {
  if (given('nesterov') && nesterov && momentum === 0) {
    throw new UsageError('Expected --momentum above 0 with --nesterov but received 0');
  }
  const isSgd = (name: string) => name.startsWith('sgd');
  if (!given('opt') || given('lr') || opt === ofRecipe || (isSgd(opt) && isSgd(ofRecipe))) return;
  throw new UsageError(
    `Expected --lr with --opt ${opt}: that of the recipe is meant for ${ofRecipe}`,
  );
}

function oneOf(names: readonly string[]): string {
  const [last, ...others] = names.toReversed();
  return others.length === 0 ? `${last}` : `${others.toReversed().join(', ')} or ${last}`;
}
