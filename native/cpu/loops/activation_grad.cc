// The gradient through an activation and, in the same pass, the bias before it.
#include "parallel.h"

namespace cnn {
namespace {

constexpr int64_t kGrainElements = 1 << 14;
constexpr int64_t kNarrow = 64;  // rows shorter than this are taken several at a time as one

template <Activation ACTIVATION>
inline float slope(float dy, float y) {
  switch (ACTIVATION) {
    case Activation::Relu:
      return zeroUnless(passesRelu(y), dy);
    case Activation::Tanh:
      return dy * (1 - y * y);
    case Activation::ScaledTanh:
      return dy * (2.0f / 3) * (1.7159f - y * y * (1 / 1.7159f));
    default:
      return dy;
  }
}

// dz of one row, added to `sums`.
template <Activation ACTIVATION, class D, class Y>
void gradientOfRow(const D* __restrict dy, const Y* __restrict y, D* __restrict dz,
                   int64_t channels, float* __restrict sums) {
  for (int64_t c = 0; c < channels; c++) {
    float value = slope<ACTIVATION>(toFloat(dy[c]), toFloat(y[c]));
    dz[c] = fromFloat<D>(value);
    sums[c] += value;
  }
}

// Without an activation only the sum is left to compute. It takes eight rows at a time, to write
// `sums` less often.
template <class D>
void sumOfRows(const D* __restrict dy, int64_t rows, int64_t channels, float* __restrict sums) {
  int64_t row = 0;
  for (; row + 8 <= rows; row += 8) {
    for (int64_t c = 0; c < channels; c++) {
      float sum = 0;
#pragma GCC unroll 8
      for (int64_t i = 0; i < 8; i++) sum += toFloat(dy[(row + i) * channels + c]);
      sums[c] += sum;
    }
  }
  for (; row < rows; row++) {
    for (int64_t c = 0; c < channels; c++) sums[c] += toFloat(dy[row * channels + c]);
  }
}

template <Activation ACTIVATION, class D, class Y>
void gradientOfRange(const D* dy, const Y* y, D* dz, int64_t rows, int64_t channels, float* sums) {
  if (ACTIVATION == Activation::Linear) return sumOfRows(dy, rows, channels, sums);
  for (int64_t row = 0; row < rows; row++) {
    const int64_t at = row * channels;
    gradientOfRow<ACTIVATION>(dy + at, y + at, dz + at, channels, sums);
  }
}

template <Activation ACTIVATION, class D, class Y>
void gradient(const Call& call, const BiasActivationGradParams& p) {
  constexpr bool kLinear = ACTIVATION == Activation::Linear;
  const D* dy = valuesOf<D>(call.inputs[0]);
  const Y* y = valuesOf<Y>(call.inputs[kLinear ? 0 : 1]);
  D* dz = valuesOf<D>(kLinear ? call.inputs[0] : call.outputs[0]);  // not written if linear
  const int64_t channels = p.channels;
  const int64_t folded = channels < kNarrow ? kNarrow / channels : 1;  // rows taken as one
  const int64_t width = folded * channels, wideRows = p.rows / folded;
  int parts = partsFor(wideRows, kGrainElements / width + 1);
  PartScratch<float> scratch(call.context, parts, width);
  parallelParts(parts, wideRows, [&](int part, int64_t begin, int64_t end) {
    float* sums = scratch.of(part);
    for (int64_t c = 0; c < width; c++) sums[c] = 0;
    const int64_t at = begin * width;
    gradientOfRange<ACTIVATION>(dy + at, y + at, dz + at, end - begin, width, sums);
  });
  float* sums = scratch.of(0);
  for (int part = 1; part < parts; part++) {
    for (int64_t c = 0; c < width; c++) sums[c] += scratch.of(part)[c];
  }
  for (int64_t c = channels; c < width; c++) sums[c % channels] += sums[c];
  const int64_t at = wideRows * width;
  gradientOfRange<ACTIVATION>(dy + at, y + at, dz + at, p.rows - wideRows * folded, channels, sums);
  if (p.bias == 0) return;
  float* bias = valuesOf<float>(call.outputs[kLinear ? 0 : 1]);
  for (int64_t c = 0; c < channels; c++) bias[c] = sums[c];
}

}  // namespace

// Inputs dy and the activation's output y; outputs dz and, with a bias, its gradient in float.
// Without an activation dz is dy, which the caller knows: then only the bias's gradient is written.
CNN_KERNEL(BiasActivationGrad, BiasActivationGradParams) {
  const auto activation = static_cast<Activation>(params.activation);
  return withFloatType(call.inputs[0].dtype, [&](auto dy) {
    using D = decltype(dy);
    if (activation == Activation::Linear) {
      gradient<Activation::Linear, D, D>(call, params);
      return true;
    }
    return withFloatType(call.inputs[1].dtype, [&](auto y) {
      using Y = decltype(y);
      if (activation == Activation::Relu) {
        gradient<Activation::Relu, D, Y>(call, params);
      } else if (activation == Activation::Tanh) {
        gradient<Activation::Tanh, D, Y>(call, params);
      } else {
        gradient<Activation::ScaledTanh, D, Y>(call, params);
      }
      return true;
    });
  });
}

}  // namespace cnn
