/** The activations: one row says everything that the project knows about one. */
import * as tf from '@tensorflow/tfjs-core';

/** Kernels that can end in an activation; products are convolutions and dense layers. */
type Fusing = 'product' | 'tfjs product' | 'batch normalisation';

interface Row {
  /** Its number in native/params.h. */
  readonly number: number;
  /** The kernel that computes it on its own. */
  readonly kernel: string;
  /** Its value, by tfjs's ops. */
  readonly apply: (x: tf.Tensor) => tf.Tensor;
  /** The gradient of x by that of its value y, by tfjs's ops. */
  readonly gradient: (dy: tf.Tensor, y: tf.Tensor) => tf.Tensor;
  readonly fusedBy: readonly Fusing[];
}

/** 1.7159 tanh(2x/3), which is ±1 at ±1: LeCun et al., 1998, equation 6 and appendix A. */
export const SCALED_TANH = { inner: 2 / 3, outer: 1.7159 };

export const ACTIVATIONS = {
  linear: {
    number: 0,
    kernel: 'Identity',
    apply: (x) => x,
    gradient: (dy) => tf.clone(dy),
    fusedBy: ['product', 'tfjs product', 'batch normalisation'],
  },
  relu: {
    number: 1,
    kernel: 'Relu',
    apply: (x) => tf.relu(x),
    // A choice, not a product, and that of a NaN passes: as in PyTorch.
    gradient: (dy, y) => tf.where(tf.lessEqual(y, 0), tf.zerosLike(dy), dy),
    fusedBy: ['product', 'tfjs product', 'batch normalisation'],
  },
  tanh: {
    number: 2,
    kernel: 'Tanh',
    apply: (x) => tf.tanh(x),
    gradient: (dy, y) => tf.mul(dy, tf.sub(1, tf.square(y))),
    fusedBy: ['product'],
  },
  scaledTanh: {
    number: 3,
    kernel: 'ScaledTanh',
    apply: (x) => tf.mul(tf.tanh(tf.mul(x, SCALED_TANH.inner)), SCALED_TANH.outer),
    gradient(dy, y) {
      const { inner, outer } = SCALED_TANH;
      return tf.mul(dy, tf.mul(inner, tf.sub(outer, tf.div(tf.square(y), outer))));
    },
    fusedBy: [],
  },
} as const satisfies Record<string, Row>;

export type Activation = keyof typeof ACTIVATIONS;

/** The activations that a kind of kernel can end in. */
export type FusedActivation<Kind extends Fusing> = {
  [Name in Activation]: Kind extends (typeof ACTIVATIONS)[Name]['fusedBy'][number] ? Name : never;
}[Activation];

/** The activations that a layer of a network can end in. */
export type LayerActivation = FusedActivation<'product'>;

/** Whether a name is that of an activation in which this kind of kernel can end. */
export function isFused<Kind extends Fusing>(
  name: unknown,
  kind: Kind,
): name is FusedActivation<Kind> {
  return isActivation(name) && (ACTIVATIONS[name] as Row).fusedBy.includes(kind);
}

function isActivation(name: unknown): name is Activation {
  return typeof name === 'string' && Object.hasOwn(ACTIVATIONS, name);
}

/** The number of an activation in which this kind of kernel can end; nothing for all others. */
export function fusedNumber(name: string, kind: Fusing): number | undefined {
  return isFused(name, kind) ? ACTIVATIONS[name].number : undefined;
}
