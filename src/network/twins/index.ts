/**
 * Twins of this project's own kernels made of stock tfjs ops: the reference in tests and what runs
 * on backends that lack the kernel (tfjs-backend-cpu, libtensorflow).
 */
import * as tf from '@tensorflow/tfjs-core';
import { TENSORFLOW_BACKEND } from '../../backend/tensorflow/operation.js';
import { batchNormGradTwin, batchNormInferenceTwin, batchNormTrainTwin } from './batch-norm.js';
import { biasActivationGradTwin } from './bias-activation-grad.js';
import { sigmoidCrossEntropyTwin, softmaxCrossEntropyTwin } from './cross-entropy.js';
import { dropoutTwin } from './dropout.js';
import { imageToFloatTwin } from './image-to-float.js';
import { mixImagesTwin } from './mix-images.js';
import {
  accumulateTwin,
  adamWTwin,
  gradientClipTwin,
  lambTwin,
  larsTwin,
  rmsPropTwin,
  sgdTwin,
} from './optimizers.js';
import { scaledTanhTwin } from './scaled-tanh.js';
import {
  batchNormGradOfTensorflow,
  batchNormInferenceOfTensorflow,
  batchNormTrainOfTensorflow,
} from './tensorflow/batch-norm.js';
import { biasActivationGradOfTensorflow } from './tensorflow/bias-activation-grad.js';
import { sgdOfTensorflow } from './tensorflow/sgd.js';
import { windowMeansGradTwin, windowMeansTwin } from './window-means.js';

/** A kernel made of ops: tensors in, tensors out that the caller owns. */
export type Twin = (inputs: never, attributes: never) => tf.Tensor | tf.Tensor[];

const TWINS: Readonly<Record<string, Twin>> = {
  Accumulate: accumulateTwin,
  AdamW: adamWTwin,
  BatchNormGrad: batchNormGradTwin,
  BatchNormInference: batchNormInferenceTwin,
  BatchNormTrain: batchNormTrainTwin,
  BiasActivationGrad: biasActivationGradTwin,
  Dropout: dropoutTwin,
  GradientClip: gradientClipTwin,
  ImageToFloat: imageToFloatTwin,
  Lamb: lambTwin,
  Lars: larsTwin,
  MixImages: mixImagesTwin,
  RmsProp: rmsPropTwin,
  ScaledTanh: scaledTanhTwin,
  Sgd: sgdTwin,
  SigmoidCrossEntropy: sigmoidCrossEntropyTwin,
  SoftmaxCrossEntropy: softmaxCrossEntropyTwin,
  WindowMeans: windowMeansTwin,
  WindowMeansGrad: windowMeansGradTwin,
};

/** In place of those, on TensorFlow's library. */
const OF_TENSORFLOW: Readonly<Record<string, Twin>> = {
  BatchNormGrad: batchNormGradOfTensorflow,
  BatchNormInference: batchNormInferenceOfTensorflow,
  BatchNormTrain: batchNormTrainOfTensorflow,
  BiasActivationGrad: biasActivationGradOfTensorflow,
  Sgd: sgdOfTensorflow,
};

const done = new Set<string>();

/** Gives a backend the twin of every own kernel that it lacks; the current backend must be it. */
export function registerTwins(backendName: string): void {
  if (done.has(backendName)) return;
  done.add(backendName);
  const ofBackend = backendName === TENSORFLOW_BACKEND ? OF_TENSORFLOW : {};
  for (const [kernelName, twin] of Object.entries({ ...TWINS, ...ofBackend })) {
    if (tf.getKernel(kernelName, backendName)) continue;
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => tf.tidy(() => twin(inputs as never, attrs as never)),
    });
  }
}
