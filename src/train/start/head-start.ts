/** The first epochs of a fine-tuning, in which nothing but the last layers is trained. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { UsageError } from '../../errors.js';
import { Network } from '../../network/network.js';
import type { Optimizer } from '../../network/optimizer.js';
import type { Session } from '../../session/session.js';
import { lastWithWeights } from '../../weights/index.js';

export interface HeadStart {
  /** How many epochs it lasts. */
  readonly epochs: number;
  readonly network: Network;
  readonly optimizer: Optimizer;
}

/**
 * A network of the same weights that trains none but those of the last layers. Batch normalisation
 * before them uses its running statistics.
 */
export function headOf(model: LayersModel): Network {
  const heads = new Set(model.outputs.map(lastWithWeights));
  const body = model.layers.filter((layer) => layer.trainable && !heads.has(layer));
  for (const layer of body) layer.trainable = false;
  try {
    if (model.trainableWeights.length > 0) return new Network(model);
    throw new UsageError(
      `--frozen-epochs trains the last layer of ${model.name} alone, but --freeze freezes it`,
    );
  } finally {
    for (const layer of body) layer.trainable = true;
  }
}

/** Which layers are trained in the first epochs. */
export function headStartText({ weights }: Network, epochs: number): string {
  const layers = [...new Set(weights.map(({ name }) => name.slice(0, name.lastIndexOf('/'))))];
  const first = epochs === 1 ? 'the first epoch trains' : `the first ${epochs} epochs train`;
  return `${first} ${layers.join(', ')} alone`;
}

interface Trained {
  readonly session: Pick<Session, 'training'>;
  readonly optimizer: Optimizer;
}

/** What is trained in an epoch, counted from 0. */
export function trainedIn(
  epoch: number,
  { session, optimizer, headStart }: Trained & { readonly headStart?: HeadStart },
): Trained {
  if (headStart === undefined || epoch >= headStart.epochs) return { session, optimizer };
  const { network } = headStart;
  return {
    session: { training: { ...session.training, network } },
    optimizer: headStart.optimizer,
  };
}
