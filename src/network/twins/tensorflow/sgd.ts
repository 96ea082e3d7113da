import * as tf from '@tensorflow/tfjs-core';
import { changeInPlace, own } from '../../../backend/tensorflow/in-place.js';
import { FLOAT, operate } from '../../../backend/tensorflow/operation.js';
import type { SgdAttributes } from '../sgd.js';

const TYPE = { T: FLOAT, use_locking: false };

/** As ../sgd.ts, in place. */
export function sgdOfTensorflow(
  inputs: tf.Tensor[],
  { lr, momentum, nesterov, weightDecay, lrScale }: SgdAttributes,
): tf.Tensor[] {
  const share = tf.scalar(momentum);
  weightDecay.forEach((decay, index) => {
    const [w, m, g] = inputs.slice(3 * index, 3 * index + 3) as [tf.Tensor, tf.Tensor, tf.Tensor];
    tf.tidy(() => {
      const gradient = decay === 0 ? g : decayed(g, w, decay);
      const rate = tf.scalar(lr * (lrScale[index] ?? 1));
      changeInPlace([w, m], ([weight, sum]) => {
        const operands = [weight, sum, rate, gradient, share] as tf.Tensor[];
        operate('ResourceApplyMomentum', operands, { ...TYPE, use_nesterov: nesterov }, 0);
      });
    });
  });
  share.dispose();
  return [];
}

/** g + decay × w. */
function decayed(g: tf.Tensor, w: tf.Tensor, decay: number): tf.Tensor {
  const sum = own(tf.mul(w, decay));
  changeInPlace([sum], ([resource]) => {
    operate('AssignAddVariableOp', [resource as tf.Tensor, g], { dtype: FLOAT }, 0);
  });
  return sum;
}
