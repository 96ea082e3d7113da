/** The network that a run trains. */
import { modelCost, withUndrawn } from '../archs/index.js';
import { withCountingBackend } from '../backend/counting-backend.js';
import type { RunRecord } from '../runs/run-directory.js';
import {
  architectureOfCard,
  architectureOfSettings,
  type NetworkCard,
  networkCard,
} from '../session/network-card.js';

/** The network of a run, and what it sees of an image in evaluations. */
export function cardOf({ settings, data }: RunRecord): NetworkCard {
  const architecture = architectureOfSettings(settings);
  const resizeSize = settings['resize-size']?.value as number | null | undefined;
  return networkCard(architecture, {
    classes: data.classes,
    inputSize: Number(settings['input-size']?.value ?? architecture.size),
    channels: settings.channels?.value === 1 ? 1 : 3,
    resizeSize: resizeSize ?? null,
  });
}

/** Trained parameters and multiply-adds of an image, without heads that only training has. */
export async function costOf(
  record: RunRecord,
): Promise<{ readonly parameters: number; readonly macs: number }> {
  const card = cardOf(record);
  const { classes, inputSize: size, channels } = card;
  const options = { classes: classes.length, size, channels, auxiliary: false };
  return withCountingBackend('f32', () =>
    withUndrawn(architectureOfCard(card), options, modelCost),
  );
}
