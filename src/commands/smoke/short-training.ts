/** What --smoke trains: the settings of a training, but for those that make it short. */
import { UsageError } from '../../errors.js';
import { SCHEDULE_OPTIONS } from '../../settings/commands.js';
import type { Given } from '../../settings/given.js';
import { camelCase, type OptionName, type Value } from '../../settings/options/index.js';
import type { Provenance } from '../../settings/resolve.js';
import type { Settings } from '../../settings/types.js';
import { estimatedOnce } from '../../train/start/estimated-once.js';
import type { TrainRequest } from '../../train/start/request.js';
import { smallestSize } from './smallest-size.js';

export const EPOCHS = 2;
const BATCH_SIZE = 4;
/** Small networks, whose steps are cheap, learn less in each. */
const STEPS_PER_EPOCH = { small: 16, large: 6 } as const;
const SMALL = 3e6;
/** Each epoch has these images as often as its steps need, which every network soon knows by heart. */
const TRAINING_IMAGES = 2;

/** Images of each part of the dataset, spread over all of it. */
function limitsOf(stepsPerEpoch: number) {
  const times = (BATCH_SIZE * stepsPerEpoch) / TRAINING_IMAGES;
  return { training: TRAINING_IMAGES, times, validation: BATCH_SIZE };
}

/** What --smoke decides: how long a training is and what it leaves on the disk. */
const REFUSED: readonly OptionName[] = [
  'epochs',
  'max-steps',
  'max-minutes',
  'early-stop-patience',
  'rollback',
  'rollback-factor',
  'print-freq',
  ...SCHEDULE_OPTIONS.filter((name) => name !== 'lr'),
  'resume',
  'verify-resume',
  'dry-run',
  'output',
  'experiment',
  'weights-out',
  'tensorboard',
  'mlflow',
  'checkpoint-minutes',
  'checkpoint-steps',
];
/** What only other optimizers have than that of --smoke. */
const OF_OTHER_OPTIMIZERS: readonly OptionName[] = ['opt-alpha', 'opt-betas'];

/**
 * In place of what the recipe and --config say; a flag wins. All networks learn by LARS at one rate,
 * where SGD needs one of its own for each, and it keeps one number for each weight, where AdamW keeps
 * two.
 */
const SHORT: Readonly<Partial<Record<OptionName, Value>>> = {
  epochs: EPOCHS,
  'batch-size': BATCH_SIZE,
  'grad-accum-steps': 1,
  augment: 'none',
  opt: 'lars',
  lr: 0.05,
  momentum: 0.9,
  nesterov: false,
  'opt-trust': 0.05,
  'opt-eps': null,
  'weight-decay': 1e-4,
  'norm-weight-decay': 0,
  'bias-weight-decay': 0,
  'bias-lr-scale': 1,
  'lr-scheduler': 'constant',
  'lr-warmup-epochs': null,
  'lr-warmup-method': 'linear',
  'lr-warmup-decay': null,
  'max-steps': null,
  'max-minutes': null,
  'early-stop-patience': null,
  rollback: 0,
  'print-freq': 1,
  'weights-out': null,
  tensorboard: false,
  mlflow: null,
  'checkpoint-minutes': 0,
  'checkpoint-steps': null,
};

export function checkFlags(given: Given): void {
  const isGiven = (name: OptionName) => given[name] !== undefined;
  const refused = REFUSED.find(isGiven);
  if (refused !== undefined) {
    throw new UsageError(
      `Expected no --${refused} with --smoke, which trains ${EPOCHS} short epochs its own way and removes what they leave`,
    );
  }
  const other = OF_OTHER_OPTIMIZERS.find(isGiven);
  if (other === undefined || isGiven('opt')) return;
  throw new UsageError(`Expected --opt with --${other}: --smoke trains by ${SHORT.opt}`);
}

/** The training of a request as a short one, on the smallest images that its network takes. */
export async function shortened(request: TrainRequest): Promise<TrainRequest> {
  const { architecture, settings } = request;
  const { channels, auxWeight, weights } = settings;
  // The dense layers of weights that are loaded have the size of their images.
  const inputSize =
    weights === null
      ? await smallestSize(architecture, { channels, auxiliary: auxWeight > 0 })
      : settings.inputSize;
  const steps = STEPS_PER_EPOCH[architecture.parameters < SMALL ? 'small' : 'large'];
  const values = { ...SHORT, 'input-size': inputSize, 'lr-warmup-steps': steps };
  return {
    ...withValues(request, values),
    limits: limitsOf(steps),
    fleeting: true,
    // The network that is resumed is the same.
    estimateMemory: estimatedOnce(request.estimateMemory),
  };
}

/** The request with the values of settings for which there was no flag. */
export function withValues(
  request: TrainRequest,
  values: Readonly<Partial<Record<OptionName, Value>>>,
): TrainRequest {
  const settings: Record<string, Value> = { ...request.settings };
  const provenance: Provenance = { ...request.provenance };
  for (const [key, value] of Object.entries(values)) {
    const name = key as OptionName;
    if (provenance[name]?.source === 'flag') continue;
    settings[camelCase(name)] = value;
    provenance[name] = { value, source: 'default', where: '--smoke' };
  }
  return { ...request, settings: settings as Settings<'train'>, provenance };
}
