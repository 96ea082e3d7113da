// Forward convolution of grey images by few filters: LeNet-5's first layer. With one input channel
// oneDNN's kernels have one product per tap; here the pixels of a row form the vector instead.
#include "common/vector_math.h"
#include "cpu/loops/parallel.h"

namespace cnn {
namespace {

constexpr int kMaxFilters = 8;
constexpr int kPixels = 16;   // pixels of a row that are computed together
constexpr int kTogether = 4;  // filters that share each load of them

bool isNarrow(const ConvParams& p) {
  return p.inChannels == 1 && p.groups == 1 && p.outChannels <= kMaxFilters &&
         p.strideHeight == 1 && p.strideWidth == 1 && p.dilationHeight == 1 && p.dilationWidth == 1;
}

// kPixels floats in registers, whatever the instruction set: arrays would stay in memory.
typedef float Pixels __attribute__((vector_size(kPixels * 4), aligned(4), may_alias));

// Sums kTogether filters over kPixels neighbouring pixels, from the bias on.
void sumTaps(const float* pixels, int64_t rowLength, const float* factors, int height, int width,
             float* sums) {
  const Pixels zero = {};
  Pixels sum0 = zero + factors[0], sum1 = zero + factors[1];
  Pixels sum2 = zero + factors[2], sum3 = zero + factors[3];
  for (int ky = 0; ky < height; ky++) {
    for (int kx = 0; kx < width; kx++) {
      factors += kMaxFilters;
      const Pixels from = *reinterpret_cast<const Pixels*>(pixels + ky * rowLength + kx);
      sum0 += factors[0] * from;
      sum1 += factors[1] * from;
      sum2 += factors[2] * from;
      sum3 += factors[3] * from;
    }
  }
  Pixels* to = reinterpret_cast<Pixels*>(sums);
  to[0] = sum0;
  to[1] = sum1;
  to[2] = sum2;
  to[3] = sum3;
}

void activate(float* __restrict values, int count, Activation activation) {
  if (activation == Activation::Relu) {
    for (int i = 0; i < count; i++) values[i] = relu(values[i]);
  } else if (activation == Activation::Tanh) {
    for (int i = 0; i < count; i++) values[i] = tanhOf(values[i]);
  }
}

// The bias, then the taps, each as kMaxFilters factors with zeros after the last filter.
void packFilter(const Call& call, const ConvParams& p, float* factors) {
  const bool hasBias = call.inputs.size() > 2 && call.inputs[2].exists();
  const float* bias = hasBias ? valuesOf<float>(call.inputs[2]) : nullptr;
  const float* filter = valuesOf<float>(call.inputs[1]);
  const int taps = p.filterHeight * p.filterWidth;
  for (int tap = -1; tap < taps; tap++, factors += kMaxFilters) {
    const float* from = tap < 0 ? bias : filter + int64_t{tap} * p.outChannels;
    for (int o = 0; o < kMaxFilters; o++) {
      factors[o] = from != nullptr && o < p.outChannels ? from[o] : 0;
    }
  }
}

// An image widened to float with zeros around it: (outHeight + filterHeight - 1) padded rows.
template <class T>
void padImage(const T* image, const ConvParams& p, float* __restrict padded, int64_t rowLength) {
  const int rows = p.outHeight + p.filterHeight - 1;
  for (int64_t i = 0; i < rows * rowLength; i++) padded[i] = 0;
  for (int row = 0; row < p.inHeight && row + p.padTop < rows; row++) {
    const T* __restrict from = image + int64_t{row} * p.inWidth;
    float* __restrict to = padded + (row + p.padTop) * rowLength + p.padLeft;
    for (int64_t i = 0; i < p.inWidth; i++) to[i] = toFloat(from[i]);
  }
}

template <class T>
void convolveImage(const float* padded, int64_t rowLength, const float* factors,
                   const ConvParams& p, T* out) {
  float sums[kTogether * kPixels];
  for (int row = 0; row < p.outHeight; row++, out += int64_t{p.outWidth} * p.outChannels) {
    for (int column = 0; column < p.outWidth; column += kPixels) {
      const int pixels = p.outWidth - column < kPixels ? p.outWidth - column : kPixels;
      for (int first = 0; first < p.outChannels; first += kTogether) {
        const int filters = p.outChannels - first < kTogether ? p.outChannels - first : kTogether;
        sumTaps(padded + row * rowLength + column, rowLength, factors + first, p.filterHeight,
                p.filterWidth, sums);
        activate(sums, kTogether * kPixels, static_cast<Activation>(p.activation));
        T* to = out + int64_t{column} * p.outChannels + first;
        for (int i = 0; i < pixels; i++) {
          for (int o = 0; o < filters; o++) {
            to[i * p.outChannels + o] = fromFloat<T>(sums[o * kPixels + i]);
          }
        }
      }
    }
  }
}

template <class T>
void convolve(const Call& call, const ConvParams& p) {
  const T* x = valuesOf<T>(call.inputs[0]);
  T* y = valuesOf<T>(call.outputs[0]);
  const int64_t in = int64_t{p.inHeight} * p.inWidth;
  const int64_t out = int64_t{p.outHeight} * p.outWidth * p.outChannels;
  const int64_t reach = int64_t{p.inWidth} + p.padLeft, need = p.outWidth + p.filterWidth - 1;
  // The last group of pixels reads, and ignores, up to kPixels more.
  const int64_t rowLength = (reach > need ? reach : need) + kPixels;
  const int64_t padded = (p.outHeight + p.filterHeight - 1) * rowLength + kPixels;
  const int64_t factors = (1 + p.filterHeight * p.filterWidth) * int64_t{kMaxFilters};
  const int parts = partsFor(p.batch, 1);
  PartScratch<float> scratch(call.context, parts, padded + factors);
  if (call.context.measuring) return;
  parallelParts(parts, p.batch, [&](int part, int64_t begin, int64_t end) {
    float* image = scratch.of(part);
    packFilter(call, p, image + padded);
    for (int64_t n = begin; n < end; n++) {
      padImage(x + n * in, p, image, rowLength);
      convolveImage(image, rowLength, image + padded, p, y + n * out);
    }
  });
}

}  // namespace

// Inputs x, filter, optional bias.
CNN_CANDIDATE(FusedConv2D, ConvParams, 1, narrow) {
  if (call.outputs.empty() || !isNarrow(params)) return false;
  if (call.inputs[0].dtype != call.outputs[0].dtype) return false;
  for (size_t i = 1; i < call.inputs.size(); i++) {
    if (call.inputs[i].exists() && call.inputs[i].dtype != DType::Float32) return false;
  }
  return withFloatType(call.inputs[0].dtype, [&](auto type) {
    convolve<decltype(type)>(call, params);
    return true;
  });
}

}  // namespace cnn
