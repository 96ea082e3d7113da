import * as tf from '@tensorflow/tfjs-core';

interface ByWeight {
  lr: number;
  /** A factor of all gradients, unless a last input is it. */
  gradientScale?: number;
  weightDecay: readonly number[];
  lrScale: readonly number[];
}

export interface SgdAttributes extends ByWeight {
  momentum: number;
  nesterov: boolean;
  /** The velocity has the learning rate in it. */
  caffe?: boolean;
}

interface RmsPropAttributes extends ByWeight {
  alpha: number;
  epsilon: number;
  momentum: number;
}

interface LarsAttributes extends ByWeight {
  momentum: number;
  nesterov: boolean;
  trust: number;
  epsilon: number;
}

interface AdamAttributes extends ByWeight {
  beta1: number;
  beta2: number;
  epsilon: number;
  correction1: number;
  correction2: number;
}

/** One weight of a call: its tensors, of which all but the gradient are tf variables. */
export interface Entry {
  readonly w: tf.Variable;
  readonly state: readonly tf.Variable[];
  /** Scaled. */
  readonly g: tf.Tensor;
  readonly lr: number;
  readonly decay: number;
}

/** Inputs [w0, state of w0…, g0, w1, …]; calls `update` for each weight, within a tidy. */
export function eachWeight(
  inputs: readonly tf.Tensor[],
  { lr, gradientScale = 1, weightDecay, lrScale }: ByWeight,
  update: (entry: Entry) => void,
): tf.Tensor[] {
  const group = Math.floor(inputs.length / weightDecay.length);
  const scale = inputs[group * weightDecay.length] ?? gradientScale;
  weightDecay.forEach((decay, index) => {
    const tensors = inputs.slice(group * index, group * (index + 1));
    const [w, ...state] = tensors.slice(0, -1) as [tf.Variable, ...tf.Variable[]];
    const g = tensors.at(-1) as tf.Tensor;
    tf.tidy(() => {
      const scaled =
        scale === 1 ? g : tf.mul(g, typeof scale === 'number' ? scale : tf.reshape(scale, []));
      update({ w, state, g: scaled, lr: lr * (lrScale[index] ?? 1), decay });
    });
  });
  return [];
}

export function sgdTwin(inputs: tf.Tensor[], attributes: SgdAttributes): tf.Tensor[] {
  const { momentum, nesterov, caffe } = attributes;
  return eachWeight(inputs, attributes, ({ w, state, g, lr, decay }) => {
    const [m] = state as [tf.Variable];
    const decayed = tf.add(g, tf.mul(w, decay));
    if (!caffe) {
      move({ w, m, lr }, decayed, attributes);
      return;
    }
    const step = tf.mul(decayed, lr);
    m.assign(tf.sub(tf.mul(m, momentum), step));
    w.assign(tf.add(w, nesterov ? tf.sub(tf.mul(m, momentum), step) : m));
  });
}

export function larsTwin(inputs: tf.Tensor[], attributes: LarsAttributes): tf.Tensor[] {
  const { trust: share, epsilon } = attributes;
  return eachWeight(inputs, attributes, ({ w, state, g, lr, decay }) => {
    const [m] = state as [tf.Variable];
    const decayed = tf.add(g, tf.mul(w, decay));
    const norm = tf.norm(w);
    const others = tf.add(tf.add(tf.norm(g), tf.mul(norm, decay)), epsilon);
    const ratio = whereBoth(norm, tf.norm(g), tf.div(tf.mul(norm, share), others));
    move({ w, m, lr }, decay === 0 ? decayed : tf.mul(decayed, ratio), attributes);
  });
}

/** PyTorch's rule of momentum. */
function move(
  { w, m, lr }: { w: tf.Variable; m: tf.Variable; lr: number },
  gradient: tf.Tensor,
  { momentum, nesterov }: { momentum: number; nesterov: boolean },
): void {
  m.assign(tf.add(tf.mul(m, momentum), gradient));
  const direction = nesterov ? tf.add(gradient, tf.mul(m, momentum)) : m;
  w.assign(tf.sub(w, tf.mul(direction, lr)));
}

export function rmsPropTwin(inputs: tf.Tensor[], attributes: RmsPropAttributes): tf.Tensor[] {
  const { alpha, epsilon, momentum } = attributes;
  return eachWeight(inputs, attributes, ({ w, state, g, lr, decay }) => {
    const [square, m] = state as [tf.Variable, tf.Variable];
    const decayed = tf.add(g, tf.mul(w, decay));
    square.assign(tf.add(tf.mul(square, alpha), tf.mul(tf.square(decayed), 1 - alpha)));
    const step = tf.div(decayed, tf.add(tf.sqrt(square), epsilon));
    m.assign(tf.add(tf.mul(m, momentum), step));
    w.assign(tf.sub(w, tf.mul(m, lr)));
  });
}

export function adamWTwin(inputs: tf.Tensor[], attributes: AdamAttributes): tf.Tensor[] {
  return eachWeight(inputs, attributes, ({ w, state, g, lr, decay }) => {
    const step = adamStep(state, g, attributes);
    w.assign(tf.sub(tf.mul(w, 1 - lr * decay), tf.mul(step, lr)));
  });
}

export function lambTwin(inputs: tf.Tensor[], attributes: AdamAttributes): tf.Tensor[] {
  return eachWeight(inputs, attributes, ({ w, state, g, lr, decay }) => {
    const step = tf.add(adamStep(state, g, attributes), tf.mul(w, decay));
    w.assign(tf.sub(w, tf.mul(decay === 0 ? step : tf.mul(step, trust(w, step)), lr)));
  });
}

/** The norm of the weight over that of the step; 1 where one of them is 0. */
function trust(w: tf.Tensor, step: tf.Tensor): tf.Tensor {
  const [ofWeight, ofStep] = [tf.norm(w), tf.norm(step)];
  return whereBoth(ofWeight, ofStep, tf.div(ofWeight, ofStep));
}

/** A ratio where both norms are above 0, else 1. */
function whereBoth(a: tf.Tensor, b: tf.Tensor, ratio: tf.Tensor): tf.Tensor {
  const both = tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 0));
  return tf.where(both, ratio, tf.scalar(1));
}

/** Changes the moments; the step is that of the length 1. */
function adamStep(
  state: readonly tf.Variable[],
  g: tf.Tensor,
  { beta1, beta2, epsilon, correction1, correction2 }: AdamAttributes,
): tf.Tensor {
  const [m, v] = state as [tf.Variable, tf.Variable];
  m.assign(tf.add(tf.mul(m, beta1), tf.mul(g, 1 - beta1)));
  v.assign(tf.add(tf.mul(v, beta2), tf.mul(tf.square(g), 1 - beta2)));
  const root = tf.add(tf.sqrt(tf.div(v, correction2)), epsilon);
  return tf.div(tf.div(m, correction1), root);
}

/** Inputs are gradients; their factor, one element. */
export function gradientClipTwin(
  inputs: tf.Tensor[],
  { maxNorm, gradientScale }: { maxNorm: number; gradientScale: number },
): tf.Tensor {
  const squares = tf.addN(inputs.map((gradient) => tf.sum(tf.square(gradient))));
  const norm = tf.mul(tf.sqrt(squares), gradientScale);
  const share = tf.minimum(tf.div(maxNorm, tf.add(norm, 1e-6)), 1);
  return tf.reshape(tf.mul(share, gradientScale), [1]);
}

/** Inputs [to0, from0, to1, …], those added to tf variables; has no output. */
export function accumulateTwin(
  inputs: tf.Tensor[],
  { keep, share }: { keep: number; share: number },
): tf.Tensor[] {
  for (let index = 0; index < inputs.length; index += 2) {
    const [to, from] = inputs.slice(index, index + 2) as [tf.Variable, tf.Tensor];
    tf.tidy(() => {
      const added = tf.mul(from, share);
      to.assign(keep === 0 ? added : tf.add(tf.mul(to, keep), added));
    });
  }
  return [];
}
