import { UsageError } from '../errors.js';
import { openTrainedModel, type TrainedModel, weightsModel } from '../evaluate/trained-model.js';
import { givenTexts, givenValue } from '../settings/given.js';
import { type SettingsSource, strongest } from '../settings/resolve.js';
import { givenArchitecture } from './architecture.js';
import { required } from './require.js';

/** The trained network that the settings name: a checkpoint, or a weights file and its --arch. */
export async function givenModel(sources: readonly SettingsSource[]): Promise<TrainedModel> {
  const path = givenValue(sources, 'checkpoint');
  const weights = givenValue(sources, 'weights');
  const arch = givenValue(sources, 'arch');
  const options = givenTexts(sources, 'arch-options');
  const ema = strongest('ema', sources)?.value === true;
  if (weights === null) {
    if (options.length > 0) {
      throw new UsageError(
        'Expected --arch-options with --arch and --weights: a checkpoint has its own options',
      );
    }
    const example = '--checkpoint runs/… or --arch resnet50-torchvision --weights FILE';
    return openTrainedModel(required(path, '--checkpoint', example), arch, ema);
  }
  if (ema) throw new UsageError('Expected --checkpoint with --ema but received --weights');
  if (path === null) {
    return weightsModel(weights, givenArchitecture(sources, '--arch resnet50-torchvision'));
  }
  throw new UsageError('Expected --checkpoint or --weights but received both');
}
