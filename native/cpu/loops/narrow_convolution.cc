// Forward convolution of grey images by few filters: LeNet-5's first layer. One input channel gives
// oneDNN's kernels one product per tap to work on; here the pixels of a row are the vector instead.
#include "common/vector_math.h"
#include "parallel.h"

namespace cnn {
namespace {

constexpr int kMaxFilters = 8;
constexpr int64_t kRowGrain = 8;

bool isNarrow(const ConvParams& p) {
  return p.inChannels == 1 && p.groups == 1 && p.outChannels <= kMaxFilters &&
         p.strideHeight == 1 && p.strideWidth == 1 && p.dilationHeight == 1 && p.dilationWidth == 1;
}

// Adds factor * pixels[i + tap] for every tap of one filter row to an output row.
void addTaps(const float* __restrict pixels, const float* factors, int taps, int64_t stride,
             float* __restrict sums, int64_t width) {
  for (int tap = 0; tap < taps; tap++) {
    const float factor = factors[tap * stride];
    for (int64_t i = 0; i < width; i++) sums[i] += factor * pixels[i + tap];
  }
}

void activateRow(float* __restrict row, int64_t count, Activation activation) {
  if (activation == Activation::Relu) {
    for (int64_t i = 0; i < count; i++)
      row[i] = row[i] > 0 ? row[i] : (row[i] != row[i] ? row[i] : 0);
  } else if (activation == Activation::Tanh) {
    for (int64_t i = 0; i < count; i++) row[i] = tanhOf(row[i]);
  }
}

// One image row, widened to float with the padding's zeros on both sides.
template <class T>
void padRow(const T* image, int row, const ConvParams& p, float* __restrict padded, int64_t width) {
  for (int64_t i = 0; i < width; i++) padded[i] = 0;
  if (row < 0 || row >= p.inHeight) return;
  const T* __restrict pixels = image + int64_t{row} * p.inWidth;
  for (int64_t i = 0; i < p.inWidth; i++) padded[p.padLeft + i] = toFloat(pixels[i]);
}

template <class T>
void convolve(const Call& call, const ConvParams& p) {
  const T* x = valuesOf<T>(call.inputs[0]);
  const float* filter = valuesOf<float>(call.inputs[1]);
  const float* bias = call.inputs.size() > 2 ? valuesOf<float>(call.inputs[2]) : nullptr;
  T* y = valuesOf<T>(call.outputs[0]);
  const int64_t filters = p.outChannels, out = p.outWidth;
  const int64_t padded = out + p.filterWidth - 1 > p.inWidth + p.padLeft ? out + p.filterWidth - 1
                                                                         : p.inWidth + p.padLeft;
  const int64_t rows = int64_t{p.batch} * p.outHeight;
  const int parts = partsFor(rows, kRowGrain);
  PartScratch<float> scratch(call.context, parts, padded + filters * out);
  parallelParts(parts, rows, [&](int part, int64_t begin, int64_t end) {
    float* pixels = scratch.of(part);
    float* sums = pixels + padded;
    for (int64_t row = begin; row < end; row++) {
      const T* image = x + row / p.outHeight * p.inHeight * p.inWidth;
      const int first = static_cast<int>(row % p.outHeight) - p.padTop;
      for (int64_t o = 0; o < filters; o++) {
        const float start = bias != nullptr ? bias[o] : 0;
        for (int64_t i = 0; i < out; i++) sums[o * out + i] = start;
      }
      for (int ky = 0; ky < p.filterHeight; ky++) {
        padRow(image, first + ky, p, pixels, padded);
        const float* factors = filter + int64_t{ky} * p.filterWidth * filters;
        for (int64_t o = 0; o < filters; o++) {
          addTaps(pixels, factors + o, p.filterWidth, filters, sums + o * out, out);
        }
      }
      activateRow(sums, filters * out, static_cast<Activation>(p.activation));
      T* __restrict to = y + row * out * filters;
      for (int64_t i = 0; i < out; i++) {
        for (int64_t o = 0; o < filters; o++) to[i * filters + o] = fromFloat<T>(sums[o * out + i]);
      }
    }
  });
}

}  // namespace

// Inputs x, filter, optional bias. Rows of the result are independent of the number of threads.
CNN_KERNEL_PRIORITY(FusedConv2D, ConvParams, 1) {
  if (!isNarrow(params) || call.inputs[0].dtype != call.outputs[0].dtype) return false;
  for (size_t i = 1; i < call.inputs.size(); i++) {
    if (call.inputs[i].exists() && call.inputs[i].dtype != DType::Float32) return false;
  }
  return withFloatType(call.inputs[0].dtype, [&](auto type) {
    convolve<decltype(type)>(call, params);
    return true;
  });
}

}  // namespace cnn
