// Max and average pooling over NHWC, vectorised over channels. Padding takes no part. As in PyTorch
// a NaN is greater than any number, and of equal maxima the first one wins.
#include <limits>

#include "pool_window.h"

namespace cnn {
namespace {

// Of NaNs the last one wins.
inline float greater(float best, float value) {
  return value > best || value != value ? value : best;
}

// The maxima of numbers; returns whether one may be wrong because a value is NaN: then the sum is
// NaN, which is found in less time than by comparing at each step.
template <int COUNT>
bool maximaOfNumbers(const float* const (&tap)[COUNT], float* __restrict out, int64_t channels) {
  int32_t found = 0;
  for (int64_t c = 0; c < channels; c++) {
    float maximum = tap[0][c], sum = tap[0][c];
#pragma GCC unroll 16
    for (int k = 1; k < COUNT; k++) {
      maximum = tap[k][c] > maximum ? tap[k][c] : maximum;
      sum += tap[k][c];
    }
    found |= sum != sum;
    out[c] = maximum;
  }
  return found != 0;
}

// A bfloat16 as a whole number, which takes half of the time of floats: the greater, the greater
// the value is, and the greatest for NaN. The subtraction wraps negative NaNs round from below
// -infinity to the top.
constexpr int kNegativeNans = 0x7f;
inline int16_t rankOf(int16_t bits) {
  return static_cast<int16_t>((bits ^ (bits >> 15 & 0x7fff)) - kNegativeNans);
}
inline bf16 ofRank(int16_t rank) {
  const int16_t ordered = static_cast<int16_t>(rank + kNegativeNans);
  return bf16{static_cast<uint16_t>(ordered ^ (ordered >> 15 & 0x7fff))};
}

// The same by ranks. A maximum may be wrong because 0 has a higher rank than a -0 before it.
template <int COUNT>
bool maximaOfNumbers(const bf16* const (&tap)[COUNT], bf16* __restrict out, int64_t channels) {
  int16_t found = 0;
  for (int64_t c = 0; c < channels; c++) {
    int16_t signs = bitsOf(tap[0][c]), maximum = rankOf(signs);
#pragma GCC unroll 16
    for (int k = 1; k < COUNT; k++) {
      const int16_t bits = bitsOf(tap[k][c]), rank = rankOf(bits);
      maximum = rank > maximum ? rank : maximum;
      signs |= bits;
    }
    found |= maximum == -kNegativeNans ? signs : int16_t{0};
    out[c] = ofRank(maximum);
  }
  return found < 0;
}

template <int COUNT, class T>
void maximaFixed(const T* const* taps, T* __restrict out, int64_t channels) {
  const T* tap[COUNT];
  for (int k = 0; k < COUNT; k++) tap[k] = taps[k];
  if (!maximaOfNumbers(tap, out, channels)) return;
  for (int64_t c = 0; c < channels; c++) {
    float maximum = toFloat(tap[0][c]);
#pragma GCC unroll 16
    for (int k = 1; k < COUNT; k++) maximum = greater(maximum, toFloat(tap[k][c]));
    out[c] = fromFloat<T>(maximum);
  }
}

template <int COUNT, class T>
void averageFixed(const T* const* taps, T* __restrict out, int64_t channels, float scale) {
  const T* tap[COUNT];
  for (int k = 0; k < COUNT; k++) tap[k] = taps[k];
  for (int64_t c = 0; c < channels; c++) {
    float sum = 0;
#pragma GCC unroll 16
    for (int k = 0; k < COUNT; k++) sum += toFloat(tap[k][c]);
    out[c] = fromFloat<T>(sum * scale);
  }
}

struct Max {
  static constexpr float kStart = -std::numeric_limits<float>::infinity();
  static inline float step(float best, float value) { return greater(best, value); }
  static inline float finish(float best, float) { return best; }
  template <int COUNT, class T>
  static void fixed(const T* const* taps, T* out, int64_t channels, float) {
    maximaFixed<COUNT>(taps, out, channels);
  }
};
struct Average {
  static constexpr float kStart = 0;
  static inline float step(float sum, float value) { return sum + value; }
  static inline float finish(float sum, float scale) { return sum * scale; }
  template <int COUNT, class T>
  static void fixed(const T* const* taps, T* out, int64_t channels, float scale) {
    averageFixed<COUNT>(taps, out, channels, scale);
  }
};

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
      return Operation::template fixed<1>(taps, out, channels, scale);
    case 2:
      return Operation::template fixed<2>(taps, out, channels, scale);
    case 3:
      return Operation::template fixed<3>(taps, out, channels, scale);
    case 4:
      return Operation::template fixed<4>(taps, out, channels, scale);
    case 6:
      return Operation::template fixed<6>(taps, out, channels, scale);
    case 9:
      return Operation::template fixed<9>(taps, out, channels, scale);
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
  return withFloatType(call.inputs[0].dtype, [&](auto x) {
    pool<Operation, decltype(x)>(call, p);
    return true;
  });
}

}  // namespace

CNN_KERNEL(MaxPool, PoolParams) {
  keepBound(&call.inputs[0], 1, call.outputs[0]);
  return runPool<Max>(call, params);
}

CNN_KERNEL(AvgPool, PoolParams) { return runPool<Average>(call, params); }

// Input dy.
CNN_KERNEL(AvgPoolGrad, PoolParams) {
  return withFloatType(call.inputs[0].dtype, [&](auto dy) {
    averagePoolGradient<decltype(dy)>(call, params);
    return true;
  });
}

}  // namespace cnn
