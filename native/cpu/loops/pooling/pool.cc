// Max and average pooling over NHWC, vectorised over channels, as tfjs-backend-cpu defines them:
// padding takes no part, a NaN is never a maximum, of equal maxima the first one wins.
#include <limits>

#include "common/vector_math.h"
#include "pool_window.h"

namespace cnn {
namespace {

struct Max {
  static constexpr float kStart = -std::numeric_limits<float>::infinity();
  static inline float step(float best, float value) { return value > best ? value : best; }
  static inline float finish(float best, float) { return best; }
};
struct Average {
  static constexpr float kStart = 0;
  static inline float step(float sum, float value) { return sum + value; }
  static inline float finish(float sum, float scale) { return sum * scale; }
};

// Neighbours in pairs: a shift and a mask make two floats of each word. A maximum is one of its
// inputs, so that nothing is rounded on the way back.
template <int COUNT>
void maximumOfPairs(const bf16* const* taps, bf16* __restrict out, int64_t pairs) {
  const bf16* tap[COUNT];
  for (int k = 0; k < COUNT; k++) tap[k] = taps[k];
  for (int64_t i = 0; i < pairs; i++) {
    float lower = Max::kStart, upper = Max::kStart;
#pragma GCC unroll 16
    for (int k = 0; k < COUNT; k++) {
      uint32_t word;
      std::memcpy(&word, tap[k] + 2 * i, 4);
      lower = Max::step(lower, floatOfBits(static_cast<int32_t>(word << 16)));
      upper = Max::step(upper, floatOfBits(static_cast<int32_t>(word & 0xffff0000u)));
    }
    const int32_t word = (bitsOf(lower) >> 16 & 0xffff) | bitsOf(upper);
    std::memcpy(out + 2 * i, &word, 4);
  }
}

template <int COUNT, class Operation, class T>
void reduceFixed(const T* const* taps, T* __restrict out, int64_t channels, float scale) {
  const T* tap[COUNT];
  for (int k = 0; k < COUNT; k++) tap[k] = taps[k];
  int64_t c = 0;
  if constexpr (std::is_same<T, bf16>::value && std::is_same<Operation, Max>::value) {
    maximumOfPairs<COUNT>(taps, out, channels / 2);
    c = channels / 2 * 2;
  }
  for (; c < channels; c++) {
    float value = Operation::kStart;
#pragma GCC unroll 16
    for (int k = 0; k < COUNT; k++) value = Operation::step(value, toFloat(tap[k][c]));
    out[c] = fromFloat<T>(Operation::finish(value, scale));
  }
}

template <class Operation, class T>
void reduceAny(const T* const* taps, int count, T* __restrict out, int64_t channels, float scale,
               float* __restrict values) {
  for (int64_t c = 0; c < channels; c++) values[c] = Operation::kStart;
  for (int k = 0; k < count; k++) {
    const T* __restrict tap = taps[k];
    for (int64_t c = 0; c < channels; c++) values[c] = Operation::step(values[c], toFloat(tap[c]));
  }
  for (int64_t c = 0; c < channels; c++) {
    out[c] = fromFloat<T>(Operation::finish(values[c], scale));
  }
}

template <class Operation, class T>
void reduce(const T* const* taps, int count, T* out, int64_t channels, float scale, float* values) {
  switch (count) {
    case 1:
      return reduceFixed<1, Operation>(taps, out, channels, scale);
    case 2:
      return reduceFixed<2, Operation>(taps, out, channels, scale);
    case 3:
      return reduceFixed<3, Operation>(taps, out, channels, scale);
    case 4:
      return reduceFixed<4, Operation>(taps, out, channels, scale);
    case 6:
      return reduceFixed<6, Operation>(taps, out, channels, scale);
    case 9:
      return reduceFixed<9, Operation>(taps, out, channels, scale);
    default:
      return reduceAny<Operation>(taps, count, out, channels, scale, values);
  }
}

template <class Operation, class T>
void pool(const Call& call, const PoolParams& p) {
  const T* x = valuesOf<T>(call.inputs[0]);
  T* y = valuesOf<T>(call.outputs[0]);
  const Axis vertical = rowsOf(p), horizontal = columnsOf(p);
  const int64_t rows = int64_t{p.batch} * p.outHeight;
  const int64_t imageSize = int64_t{p.inHeight} * p.inWidth * p.channels;
  int parts = partsFor(rows, grainOf(p, int64_t{p.outWidth} * p.channels));
  PartScratch<float> scratch(call.context, parts, p.channels);
  parallelParts(parts, rows, [&](int part, int64_t begin, int64_t end) {
    const T* taps[kMaxTaps];
    T* out = y + begin * p.outWidth * p.channels;
    for (int64_t row = begin; row < end; row++) {
      const T* image = x + row / p.outHeight * imageSize;
      Window window = windowOf(vertical, static_cast<int>(row % p.outHeight));
      for (int column = 0; column < p.outWidth; column++, out += p.channels) {
        int count = tapsOf<T>(image, p, window, windowOf(horizontal, column), taps, nullptr);
        reduce<Operation>(taps, count, out, p.channels, 1.0f / static_cast<float>(count),
                          scratch.of(part));
      }
    }
  });
}

// As in tfjs the divisor is the whole window's size, also where part of it is padding.
template <class D>
void averagePoolGradient(const Call& call, const PoolParams& p) {
  const D* dy = valuesOf<D>(call.inputs[0]);
  D* dx = valuesOf<D>(call.outputs[0]);
  const Axis vertical = rowsOf(p), horizontal = columnsOf(p);
  const int64_t rows = int64_t{p.batch} * p.inHeight;
  const int64_t outRow = int64_t{p.outWidth} * p.channels;
  const float scale = 1.0f / static_cast<float>(p.filterHeight * p.filterWidth);
  int parts = partsFor(rows, grainOf(p, int64_t{p.inWidth} * p.channels));
  PartScratch<float> scratch(
      call.context, parts,
      p.channels + ReaderTable::words(vertical) + ReaderTable::words(horizontal));
  parallelParts(parts, rows, [&](int part, int64_t begin, int64_t end) {
    float* sums = scratch.of(part);
    const ReaderTable above(vertical, sums + p.channels);
    const ReaderTable beside(horizontal, sums + p.channels + ReaderTable::words(vertical));
    const D* taps[kMaxTaps];
    D* out = dx + begin * p.inWidth * p.channels;
    for (int64_t row = begin; row < end; row++) {
      const Readers lines = above.of(static_cast<int>(row % p.inHeight));
      const D* up = dy + row / p.inHeight * p.outHeight * outRow;
      for (int column = 0; column < p.inWidth; column++, out += p.channels) {
        int count = 0;
        for (const Reader& line : lines) {
          for (const Reader& place : beside.of(column)) {
            taps[count++] = up + line.output * outRow + int64_t{place.output} * p.channels;
          }
        }
        reduce<Average>(taps, count, out, p.channels, scale, sums);
      }
    }
  });
}

template <class Operation>
bool runPool(const Call& call, const PoolParams& p) {
  if (!fits(p) || call.inputs[0].dtype != call.outputs[0].dtype) return false;
  return withFloatType(call.inputs[0].dtype, [&](auto x) {
    pool<Operation, decltype(x)>(call, p);
    return true;
  });
}

}  // namespace

CNN_KERNEL(MaxPool, PoolParams) { return runPool<Max>(call, params); }

CNN_KERNEL(AvgPool, PoolParams) { return runPool<Average>(call, params); }

// Input dy.
CNN_KERNEL(AvgPoolGrad, PoolParams) {
  if (!fits(params) || call.inputs[0].dtype != call.outputs[0].dtype) return false;
  return withFloatType(call.inputs[0].dtype, [&](auto dy) {
    averagePoolGradient<decltype(dy)>(call, params);
    return true;
  });
}

}  // namespace cnn
