import type { RunRecord } from '../../runs/run-directory.js';
import {
  architectureOfSettings,
  type NetworkCard,
  networkCard,
} from '../../session/network-card.js';

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
