// Parameters of the kernels, in 32-bit words: whole numbers first, then floats. src/backend/kernels
// lists the same names in the same order; the lengths are compared when the addon is loaded.
#pragma once
#include <cstdint>

namespace cnn {

// ScaledTanh, 1.7159 tanh(2x/3), has its gradient alone among the activations of other kernels.
enum class Activation : int32_t { Linear = 0, Relu = 1, Tanh = 2, ScaledTanh = 3 };

// A convolution (N, H, W, C) * (kh, kw, inC / groups, outC).
struct ConvParams {
  int32_t batch, inHeight, inWidth, inChannels;
  int32_t outHeight, outWidth, outChannels;
  int32_t filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth;
  int32_t padTop, padLeft, groups, activation;
};

// A pooling window over (N, H, W, C).
struct PoolParams {
  int32_t batch, inHeight, inWidth, channels, outHeight, outWidth;
  int32_t filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth;
  int32_t padTop, padLeft;
};

// a (batch, m, k) times b (batch, k, n); a batch of 1 is repeated. Inputs may be transposed.
struct MatMulParams {
  int32_t batchA, batchB, m, k, n, transposeA, transposeB, activation;
};

// y = x * (bias + alpha * sum of x² over 2 * radius + 1 channels) ^ -beta, over `rows` of
// `channels`.
struct LrnParams {
  int32_t rows, channels, radius;
  float bias, alpha, beta;
};

// `weight` times the cross-entropy of logits (rows, classes) with `smoothing` / classes of the
// target on every class. Without `hits` only the loss is counted.
struct SoftmaxParams {
  int32_t rows, classes, hits;
  float smoothing, weight;
};

// Elements whose random word is at least `threshold`, an unsigned number, are kept and scaled.
struct DropoutParams {
  int32_t seed, step, layer, threshold;
  float scale;
};

// Bytes (batch, height, width, channels) to byte * scale + shift, per channel.
struct ImageParams {
  int32_t batch, height, width, channels;
  float scale[3], shift[3];
};

struct BiasActivationGradParams {
  int32_t rows, channels, activation, bias;
};

// Batch normalisation of (rows, channels). The running statistics keep the share `momentum`; their
// variance is divided by rows - 1 if `unbiased`.
struct BatchNormTrainParams {
  int32_t rows, channels, activation, unbiased;
  float epsilon, momentum;
};

struct BatchNormInferenceParams {
  int32_t rows, channels, activation;
  float epsilon;
};

// `frozen`: mean and deviation do not depend on x.
struct BatchNormGradParams {
  int32_t rows, channels, activation, frozen;
};

// Of the first `channels` in rows of `stride` channels.
struct BatchNormSliceParams {
  int32_t rows, channels, stride, activation, unbiased;
  float epsilon, momentum;
};

struct BatchNormSliceGradParams {
  int32_t rows, channels, stride, activation, frozen;
  float epsilon;
};

// `channels` channels of each row go behind the first `offset` of the `stride` of a block's.
struct AppendChannelsParams {
  int32_t rows, channels, offset, stride, statistics;
};

// The middle of (outer, reduce, inner) to one value, which is divided by `divisor`.
struct ReduceParams {
  int32_t outer, reduce, inner, divisor;
};

// A whole number of multiply-adds, of 192 at least, in each of `threads` threads.
struct PeakMultiplyAddParams {
  int32_t threads, count;
};

struct FillParams {
  float value;
};

// WindowMeans and WindowMeansGrad have VariableParams: batch, inHeight, inWidth, channels,
// outHeight, outWidth, begin and end of each row of windows, begin and end of each column of
// windows.

// Sgd has VariableParams: nesterov; momentum, lr, every weight's decay, every weight's lr scale.

}  // namespace cnn
