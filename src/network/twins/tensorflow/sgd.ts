import * as tf from '@tensorflow/tfjs-core';
import { changeInPlace, own } from '../../../backend/tensorflow/in-place.js';
import { FLOAT, operate } from '../../../backend/tensorflow/operation.js';
import { eachWeight, type SgdAttributes } from '../optimizers.js';

const TYPE = { T: FLOAT, use_locking: false };

/** As ../optimizers.ts, in place. */
export function sgdOfTensorflow(inputs: tf.Tensor[], attributes: SgdAttributes): tf.Tensor[] {
  const { momentum, nesterov, caffe = false } = attributes;
  const operation = caffe ? 'ResourceApplyKerasMomentum' : 'ResourceApplyMomentum';
  const share = tf.scalar(momentum);
  eachWeight(inputs, attributes, ({ w, state, g, lr, decay }) => {
    const gradient = decay === 0 ? g : decayed(g, w, decay);
    const rate = tf.scalar(lr);
    changeInPlace([w, ...state], ([weight, sum]) => {
      const operands = [weight, sum, rate, gradient, share] as tf.Tensor[];
      operate(operation, operands, { ...TYPE, use_nesterov: nesterov }, 0);
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
