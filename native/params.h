// Parameters of the kernels, in 32-bit words: whole numbers first, then floats, then lists. The
// host (src/backend/parameters.ts) names the same fields in the same order; kernels() in binding.cc
// reports those of each kernel, and the host compares them when it loads the addon.
#pragma once
#include <cstdint>

// The fields of a parameter struct. A list has no field: it follows the struct (listsOf), and other
// fields, or the tensors, say how long it is.
#define CNN_INTS(...)  \
  int32_t __VA_ARGS__; \
  static constexpr const char* kInts = #__VA_ARGS__
#define CNN_FLOATS(...) \
  float __VA_ARGS__;    \
  static constexpr const char* kFloats = #__VA_ARGS__
#define CNN_DOUBLES(...) \
  double __VA_ARGS__;    \
  static constexpr const char* kDoubles = #__VA_ARGS__
#define CNN_INT_LISTS(...) static constexpr const char* kIntLists = #__VA_ARGS__
#define CNN_FLOAT_LISTS(...) static constexpr const char* kFloatLists = #__VA_ARGS__

// An enumeration from 0 on, and its names.
#define CNN_ENUM(Name, ...)                  \
  enum class Name : int32_t { __VA_ARGS__ }; \
  constexpr const char* k##Name##Names = #__VA_ARGS__

namespace cnn {

// What the host knows by the same numbers; facts() in binding.cc reports them, and the host
// compares them like the parameters.
constexpr int kMaxPoolFilter = 64;       // the longest side of a pooling window
constexpr int kMaxRank = 8;              // axes of tensors with strides
constexpr uint32_t kDropoutPurpose = 4;  // of random numbers, see src/rng.ts
// No kernel ends in ScaledTanh, 1.7159 tanh(2x/3): BiasActivationGrad alone takes it.
CNN_ENUM(Activation, Linear, Relu, Tanh, ScaledTanh);

// A convolution (N, H, W, C) * (kh, kw, inC / groups, outC).
struct ConvParams {
  CNN_INTS(batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight,
           filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft,
           groups, activation);
};

// A pooling window over (N, H, W, C).
struct PoolParams {
  CNN_INTS(batch, inHeight, inWidth, channels, outHeight, outWidth, filterHeight, filterWidth,
           strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft);
};

// a (batch, m, k) times b (batch, k, n); a batch of 1 is repeated. Inputs may be transposed.
struct MatMulParams {
  CNN_INTS(batchA, batchB, m, k, n, transposeA, transposeB, activation);
};

// y = x * (bias + alpha * sum of x² over 2 * radius + 1 channels) ^ -beta, over `rows` of
// `channels`.
struct LrnParams {
  CNN_INTS(rows, channels, radius);
  CNN_FLOATS(bias, alpha, beta);
};

// `weight` times the cross-entropy of logits (rows, classes) with `smoothing` / classes of the
// target on every class. Without `hits` only the loss is counted.
struct CrossEntropyParams {
  CNN_INTS(rows, classes, hits);
  CNN_FLOATS(smoothing, weight);
};

// Elements whose random word is at least `threshold`, an unsigned number, are kept and scaled. The
// first element is number `first` of those that all processes have.
struct DropoutParams {
  CNN_INTS(seed, step, layer, threshold, first);
  CNN_FLOATS(scale);
};

// Puts the values of all inputs one after the other and begins to sum them over all processes; as
// bfloat16 on the way if `narrow`. `step` is for errors.
struct AllReduceStartParams {
  CNN_INTS(step, narrow);
};

// Waits for the sums, which are divided among the outputs: with a second input, the four counters
// of a loss, times `images` / the labels that count.
struct AllReduceWaitParams {
  CNN_INTS(images);
};

// The values of each process, one process an output. `step` is for errors.
struct AllGatherParams {
  CNN_INTS(step);
};

// Bytes (batch, height, width, channels) to byte * scale + shift, per channel.
struct ImageParams {
  CNN_INTS(batch, height, width, channels);
  CNN_FLOATS(scale[3], shift[3]);
};

struct MixImagesParams {
  CNN_INTS(batch, height, width, channels);
};

struct BiasActivationGradParams {
  CNN_INTS(rows, channels, activation, bias);
};

// Batch normalisation of (rows, channels). The running statistics keep the share `momentum`; their
// variance is divided by rows - 1 if `unbiased`.
struct BatchNormTrainParams {
  CNN_INTS(rows, channels, activation, unbiased);
  CNN_FLOATS(epsilon, momentum);
};

struct BatchNormInferenceParams {
  CNN_INTS(rows, channels, activation);
  CNN_FLOATS(epsilon);
};

// `frozen`: mean and deviation do not depend on x.
struct BatchNormGradParams {
  CNN_INTS(rows, channels, activation, frozen);
};

// Of the first `channels` in rows of `stride` channels.
struct BatchNormSliceParams {
  CNN_INTS(rows, channels, stride, activation, unbiased);
  CNN_FLOATS(epsilon, momentum);
};

struct BatchNormSliceGradParams {
  CNN_INTS(rows, channels, stride, activation, frozen);
  CNN_FLOATS(epsilon);
};

// Copies rows of `channels` into the joined maps' rows of `stride` channels, starting at `offset`.
struct AppendChannelsParams {
  CNN_INTS(rows, channels, offset, stride, statistics);
};

// The middle of (outer, reduce, inner) to one value, which is divided by `divisor`.
struct ReduceParams {
  CNN_INTS(outer, reduce, inner, divisor);
};

// A whole number of multiply-adds, of 192 at least, in each of `threads` threads.
struct PeakMultiplyAddParams {
  CNN_INTS(threads, count);
};

struct FillParams {
  CNN_FLOATS(value);
};

// Windows over (batch, inHeight, inWidth, channels): `rows` holds begin and end of each row of
// windows, `columns` those of each column.
struct WindowMeansParams {
  CNN_INTS(batch, inHeight, inWidth, channels, outHeight, outWidth);
  CNN_INT_LISTS(rows, columns);
};

// Of the optimizers, each weight has a `weightDecay` and a `lrScale`. Gradients count
// `gradientScale` times, or as often as a last input of one element says.

// `caffe`: the velocity has the learning rate in it.
struct SgdParams {
  CNN_INTS(nesterov, caffe);
  CNN_FLOATS(momentum, lr, gradientScale);
  CNN_FLOAT_LISTS(weightDecay, lrScale);
};

// The mean of squares keeps the share `alpha`.
struct RmsPropParams {
  CNN_FLOATS(alpha, epsilon, momentum, lr, gradientScale);
  CNN_FLOAT_LISTS(weightDecay, lrScale);
};

// A weight's step of rate 1 has the share `trust` of its norm.
struct LarsParams {
  CNN_INTS(nesterov);
  CNN_FLOATS(momentum, trust, epsilon, lr, gradientScale);
  CNN_FLOAT_LISTS(weightDecay, lrScale);
};

// Moments keep the shares `beta1` and `beta2`; `correction1` and `correction2` are one minus their
// powers by the number of updates.
struct AdamParams {
  CNN_FLOATS(beta1, beta2, epsilon, correction1, correction2, lr, gradientScale);
  CNN_FLOAT_LISTS(weightDecay, lrScale);
};

struct ClipParams {
  CNN_FLOATS(maxNorm, gradientScale);
};

// to = keep * to + share * from; with `keep` 0 the old values do not count, whatever they are.
struct AccumulateParams {
  CNN_FLOATS(keep, share);
};

// The size of a row of each tensor that is joined, or that comes of a split.
struct PiecesParams {
  CNN_INT_LISTS(sizes);
};

// Two operands read as one shape of `rank` sizes, each with its strides.
struct BinaryParams {
  CNN_INTS(rank);
  CNN_INT_LISTS(sizes, stridesA, stridesB);
};

// An input that is read from `offset` on by `rank` sizes and strides.
struct StridedCopyParams {
  CNN_INTS(rank, offset);
  CNN_INT_LISTS(sizes, strides);
};

// `before`: the padding before the first element of each axis.
struct PadParams {
  CNN_INTS(rank);
  CNN_FLOATS(value);
  CNN_INT_LISTS(outSizes, before, inSizes);
};

// A kernel without parameters.
struct NoParams {};

}  // namespace cnn
