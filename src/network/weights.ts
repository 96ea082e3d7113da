import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

const KINDS = ['kernel', 'bias', 'gamma', 'beta', 'coefficient'] as const;

/** A trained weight of a model. */
export interface Weight {
  /** Its values are replaced or changed in place at every step: read them again each time. */
  readonly variable: tf.Variable;
  /** `layer/kernel`, as in the saved model. */
  readonly name: string;
  readonly kind: (typeof KINDS)[number];
}

/** The trained weights in the order of the model's layers. */
export function weightsOf(model: LayersModel): Weight[] {
  return model.trainableWeights.map((weight) => {
    const variable = weight.read() as tf.Variable;
    const name = weight.originalName;
    const known = KINDS.find((kind) => name.endsWith(`/${kind}`));
    return { variable, name, kind: known ?? (variable.rank > 1 ? 'kernel' : 'bias') };
  });
}
