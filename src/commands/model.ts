import { UsageError } from '../errors.js';
import { openTrainedModel, type TrainedModel, weightsModel } from '../evaluate/trained-model.js';
import { givenValue } from '../settings/given.js';
import type { SettingsSource } from '../settings/resolve.js';
import { required } from './require.js';

/** The trained network that the settings name: a checkpoint, or a weights file and its --arch. */
export async function givenModel(sources: readonly SettingsSource[]): Promise<TrainedModel> {
  const [path, weights, arch] = (['checkpoint', 'weights', 'arch'] as const).map((name) =>
    givenValue(sources, name),
  );
  return trainedModel(
    { path, weights, arch },
    '--checkpoint',
    '--checkpoint runs/… or --arch resnet50-torchvision --weights FILE',
  );
}

interface Named {
  readonly path: string | null | undefined;
  readonly weights: string | null | undefined;
  readonly arch: string | null | undefined;
}

/** `what` is how the command calls a checkpoint. */
export async function trainedModel(
  { path = null, weights = null, arch = null }: Named,
  what: string,
  example: string,
): Promise<TrainedModel> {
  if (weights === null) return openTrainedModel(required(path, what, example), arch);
  if (path === null) {
    return weightsModel(weights, required(arch, '--arch', '--arch resnet50-torchvision'));
  }
  throw new UsageError(`Expected ${what} or --weights but received both`);
}
