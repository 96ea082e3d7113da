// Max and average pooling over NHWC, vectorised over channels, as tfjs-backend-cpu defines them:
// padding takes no part, a NaN is never a maximum, of equal maxima the first one wins.
#include <limits>

#include "parallel.h"

namespace cnn {
namespace {

constexpr int kMaxFilter = 64;  // src/backend/kernels/pool.ts sends larger windows elsewhere
constexpr int kMaxTaps = kMaxFilter * kMaxFilter;
constexpr int64_t kGrainElements = 1 << 14;

// One spatial axis: output o reads inputs o * stride - pad + k * dilation, k < filter.
struct Axis {
  int in, out, filter, stride, dilation, pad;
};

Axis rowsOf(const PoolParams& p) {
  return {p.inHeight, p.outHeight, p.filterHeight, p.strideHeight, p.dilationHeight, p.padTop};
}
Axis columnsOf(const PoolParams& p) {
  return {p.inWidth, p.outWidth, p.filterWidth, p.strideWidth, p.dilationWidth, p.padLeft};
}

// The window of an output on one axis: inputs first + k * dilation for k in [begin, end).
struct Window {
  int first, begin, end;
};

inline Window windowOf(const Axis& axis, int output) {
  int first = output * axis.stride - axis.pad;
  int begin = first >= 0 ? 0 : (axis.dilation - 1 - first) / axis.dilation;
  int end = first >= axis.in ? 0 : (axis.in - 1 - first) / axis.dilation + 1;
  return {first, begin, end < axis.filter ? end : axis.filter};
}

// An output that reads an input, and the place of that input in its window.
struct Reader {
  int output, tap;
};

// Lists the outputs that read `input` on one axis.
inline int readersOf(const Axis& axis, int input, Reader* readers) {
  int count = 0;
  int last = (input + axis.pad) / axis.stride;
  for (int output = last < axis.out ? last : axis.out - 1; output >= 0; output--) {
    int offset = input + axis.pad - output * axis.stride;
    if (offset > (axis.filter - 1) * axis.dilation) break;
    if (axis.dilation == 1) {
      readers[count++] = {output, offset};
    } else if (offset % axis.dilation == 0) {
      readers[count++] = {output, offset / axis.dilation};
    }
  }
  return count;
}

// Lists the pixels of one window, and their places in it.
template <class T>
inline int tapsOf(const T* image, const PoolParams& p, Window rows, Window columns, const T** taps,
                  int* places) {
  int count = 0;
  for (int ky = rows.begin; ky < rows.end; ky++) {
    const T* row = image + int64_t{rows.first + ky * p.dilationHeight} * p.inWidth * p.channels;
    for (int kx = columns.begin; kx < columns.end; kx++) {
      if (places != nullptr) places[count] = ky * p.filterWidth + kx;
      taps[count++] = row + int64_t{columns.first + kx * p.dilationWidth} * p.channels;
    }
  }
  return count;
}

int64_t grainOf(const PoolParams& p, int64_t elementsPerItem) {
  return kGrainElements / (elementsPerItem * p.filterHeight * p.filterWidth + 1) + 1;
}

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

template <int COUNT, class Operation, class T>
void reduceFixed(const T* const* taps, T* __restrict out, int64_t channels, float scale) {
  const T* tap[COUNT];
  for (int k = 0; k < COUNT; k++) tap[k] = taps[k];
  for (int64_t c = 0; c < channels; c++) {
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

// Integers as wide as a value, for exact comparison and as the index of a window's maximum.
template <class T>
struct Bits;
template <>
struct Bits<float> {
  using Type = int32_t;
};
template <>
struct Bits<bf16> {
  using Type = int16_t;
};

template <class T>
inline typename Bits<T>::Type bitsOf(T value) {
  typename Bits<T>::Type bits;
  std::memcpy(&bits, &value, sizeof(T));
  return bits;
}

template <int COUNT, class T, class Index>
void findFixed(const T* const* taps, const int* places, const T* y, Index* __restrict found,
               int64_t channels) {
  const T* tap[COUNT];
  Index place[COUNT];
  for (int k = 0; k < COUNT; k++) {
    tap[k] = taps[k];
    place[k] = static_cast<Index>(places[k]);
  }
  for (int64_t c = 0; c < channels; c++) {
    Index maximum = bitsOf(y[c]);
    Index index = -1;
#pragma GCC unroll 16
    for (int k = COUNT - 1; k >= 0; k--) index = bitsOf(tap[k][c]) == maximum ? place[k] : index;
    found[c] = index;
  }
}

template <class T, class Index>
void findAny(const T* const* taps, const int* places, int count, const T* y,
             Index* __restrict found, int64_t channels) {
  for (int64_t c = 0; c < channels; c++) found[c] = -1;
  for (int k = count - 1; k >= 0; k--) {
    const T* tap = taps[k];
    Index place = static_cast<Index>(places[k]);
    for (int64_t c = 0; c < channels; c++) {
      found[c] = bitsOf(tap[c]) == bitsOf(y[c]) ? place : found[c];
    }
  }
}

// Finds, for each channel of one window, the place of the first value that equals its maximum y.
template <class T, class Index>
void findMaxima(const T* const* taps, const int* places, int count, const T* y, Index* found,
                int64_t channels) {
  switch (count) {
    case 4:
      return findFixed<4>(taps, places, y, found, channels);
    case 6:
      return findFixed<6>(taps, places, y, found, channels);
    case 9:
      return findFixed<9>(taps, places, y, found, channels);
    default:
      return findAny(taps, places, count, y, found, channels);
  }
}

// The maxima of the last few output rows of one image, as places in their windows. An input row
// is read by at most `depth` output rows.
template <class T>
class Maxima {
 public:
  using Index = typename Bits<T>::Type;
  static int depth(const PoolParams& p) {
    return ((p.filterHeight - 1) * p.dilationHeight) / p.strideHeight + 1;
  }
  static int64_t size(const PoolParams& p) { return int64_t{depth(p)} * p.outWidth * p.channels; }
  Maxima(const PoolParams& p, const T* x, const T* y, Index* memory)
      : p_(p), x_(x), y_(y), memory_(memory), depth_(depth(p)) {}

  // Makes row `output` of `image` and the depth - 1 rows before it available.
  void advance(int64_t image, int output) {
    if (image != image_) next_ = 0;
    image_ = image;
    int first = output - depth_ + 1;
    if (next_ < first) next_ = first;
    for (; next_ <= output; next_++) findRow(next_);
  }
  const Index* row(int output) const {
    return memory_ + int64_t{output % depth_} * p_.outWidth * p_.channels;
  }

 private:
  void findRow(int output) {
    const Axis horizontal = columnsOf(p_);
    const T* image = x_ + image_ * p_.inHeight * p_.inWidth * p_.channels;
    const T* y = y_ + (image_ * p_.outHeight + output) * p_.outWidth * p_.channels;
    Index* found = memory_ + int64_t{output % depth_} * p_.outWidth * p_.channels;
    Window window = windowOf(rowsOf(p_), output);
    for (int column = 0; column < p_.outWidth; column++) {
      int count = tapsOf<T>(image, p_, window, windowOf(horizontal, column), taps_, places_);
      findMaxima(taps_, places_, count, y, found, p_.channels);
      y += p_.channels;
      found += p_.channels;
    }
  }

  const PoolParams& p_;
  const T* x_;
  const T* y_;
  Index* memory_;
  int depth_;
  int64_t image_ = -1;
  int next_ = 0;
  const T* taps_[kMaxTaps];
  int places_[kMaxTaps];
};

// A window that holds the input pixel at hand: its gradient, its maxima, the pixel's place in it.
template <class D, class Index>
struct Source {
  const D* dy;
  const Index* found;
  Index place;
};

template <class D>
inline D zeroUnless(bool keep, D value) {
  auto bits = bitsOf(value);
  bits = keep ? bits : decltype(bits){0};
  std::memcpy(&value, &bits, sizeof(D));
  return value;
}

template <int COUNT, class D, class Index>
void gatherFixed(const Source<D, Index>* sources, D* __restrict dx, int64_t channels) {
  const D* dy[COUNT];
  const Index* found[COUNT];
  Index place[COUNT];
  for (int k = 0; k < COUNT; k++) {
    dy[k] = sources[k].dy;
    found[k] = sources[k].found;
    place[k] = sources[k].place;
  }
  for (int64_t c = 0; c < channels; c++) {
    float sum = 0;
#pragma GCC unroll 16
    for (int k = 0; k < COUNT; k++) sum += toFloat(zeroUnless(found[k][c] == place[k], dy[k][c]));
    dx[c] = fromFloat<D>(sum);
  }
}

template <class D, class Index>
void gatherAny(const Source<D, Index>* sources, int count, D* __restrict dx, int64_t channels,
               float* __restrict sums) {
  for (int64_t c = 0; c < channels; c++) sums[c] = 0;
  for (int k = 0; k < count; k++) {
    const Source<D, Index> source = sources[k];
    for (int64_t c = 0; c < channels; c++) {
      sums[c] += toFloat(zeroUnless(source.found[c] == source.place, source.dy[c]));
    }
  }
  for (int64_t c = 0; c < channels; c++) dx[c] = fromFloat<D>(sums[c]);
}

template <class D, class Index>
void gather(const Source<D, Index>* sources, int count, D* dx, int64_t channels, float* sums) {
  switch (count) {
    case 1:
      return gatherFixed<1>(sources, dx, channels);
    case 2:
      return gatherFixed<2>(sources, dx, channels);
    case 4:
      return gatherFixed<4>(sources, dx, channels);
    default:
      return gatherAny(sources, count, dx, channels, sums);
  }
}

// Each input pixel sums the gradients of the windows whose maximum it is, so that no two threads
// write the same place and the order of the sum is fixed.
template <class T, class D>
void maxPoolGradient(const Call& call, const PoolParams& p) {
  using Index = typename Bits<T>::Type;
  const D* dy = valuesOf<D>(call.inputs[0]);
  const T* x = valuesOf<T>(call.inputs[1]);
  const T* y = valuesOf<T>(call.inputs[2]);
  D* dx = valuesOf<D>(call.outputs[0]);
  const int64_t rows = int64_t{p.batch} * p.inHeight;
  const int64_t outRow = int64_t{p.outWidth} * p.channels;
  int parts = partsFor(rows, grainOf(p, int64_t{p.inWidth} * p.channels));
  PartScratch<Index> scratch(call.context, parts, Maxima<T>::size(p) + 2 * p.channels);
  parallelParts(parts, rows, [&](int part, int64_t begin, int64_t end) {
    const Axis vertical = rowsOf(p), horizontal = columnsOf(p);
    float* sums = reinterpret_cast<float*>(scratch.of(part));
    Maxima<T> maxima(p, x, y, reinterpret_cast<Index*>(sums + p.channels));
    Reader rowReaders[kMaxFilter], columnReaders[kMaxFilter];
    Source<D, Index> sources[kMaxTaps];
    D* out = dx + begin * p.inWidth * p.channels;
    for (int64_t row = begin; row < end; row++) {
      const int64_t image = row / p.inHeight;
      const int rowCount = readersOf(vertical, static_cast<int>(row % p.inHeight), rowReaders);
      if (rowCount > 0) maxima.advance(image, rowReaders[0].output);
      const D* up = dy + image * p.outHeight * outRow;
      for (int column = 0; column < p.inWidth; column++, out += p.channels) {
        const int columnCount = readersOf(horizontal, column, columnReaders);
        int count = 0;
        for (int i = 0; i < rowCount; i++) {
          for (int j = 0; j < columnCount; j++) {
            const int64_t at = int64_t{columnReaders[j].output} * p.channels;
            const int place = rowReaders[i].tap * p.filterWidth + columnReaders[j].tap;
            sources[count++] = {up + rowReaders[i].output * outRow + at,
                                maxima.row(rowReaders[i].output) + at, static_cast<Index>(place)};
          }
        }
        gather(sources, count, out, p.channels, sums);
      }
    }
  });
}

// As in tfjs the divisor is the whole window's size, also where part of it is padding.
template <class D>
void averagePoolGradient(const Call& call, const PoolParams& p) {
  const D* dy = valuesOf<D>(call.inputs[0]);
  D* dx = valuesOf<D>(call.outputs[0]);
  const int64_t rows = int64_t{p.batch} * p.inHeight;
  const int64_t outRow = int64_t{p.outWidth} * p.channels;
  const float scale = 1.0f / static_cast<float>(p.filterHeight * p.filterWidth);
  int parts = partsFor(rows, grainOf(p, int64_t{p.inWidth} * p.channels));
  PartScratch<float> scratch(call.context, parts, p.channels);
  parallelParts(parts, rows, [&](int part, int64_t begin, int64_t end) {
    const Axis vertical = rowsOf(p), horizontal = columnsOf(p);
    Reader rowReaders[kMaxFilter], columnReaders[kMaxFilter];
    const D* taps[kMaxTaps];
    D* out = dx + begin * p.inWidth * p.channels;
    for (int64_t row = begin; row < end; row++) {
      const int rowCount = readersOf(vertical, static_cast<int>(row % p.inHeight), rowReaders);
      const D* up = dy + row / p.inHeight * p.outHeight * outRow;
      for (int column = 0; column < p.inWidth; column++, out += p.channels) {
        const int columnCount = readersOf(horizontal, column, columnReaders);
        int count = 0;
        for (int i = 0; i < rowCount; i++) {
          for (int j = 0; j < columnCount; j++) {
            taps[count++] =
                up + rowReaders[i].output * outRow + int64_t{columnReaders[j].output} * p.channels;
          }
        }
        reduce<Average>(taps, count, out, p.channels, scale, scratch.of(part));
      }
    }
  });
}

bool fits(const PoolParams& p) {
  return p.filterHeight <= kMaxFilter && p.filterWidth <= kMaxFilter;
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

// Inputs dy, the pool's input and its output.
CNN_KERNEL(MaxPoolGrad, PoolParams) {
  if (!fits(params) || call.inputs[0].dtype != call.outputs[0].dtype ||
      call.inputs[1].dtype != call.inputs[2].dtype) {
    return false;
  }
  return withFloatType(call.inputs[1].dtype, [&](auto x) {
    return withFloatType(call.inputs[0].dtype, [&](auto dy) {
      maxPoolGradient<decltype(x), decltype(dy)>(call, params);
      return true;
    });
  });
}

// Input dy.
CNN_KERNEL(AvgPoolGrad, PoolParams) {
  if (!fits(params) || call.inputs[0].dtype != call.outputs[0].dtype) return false;
  return withFloatType(call.inputs[0].dtype, [&](auto dy) {
    averagePoolGradient<decltype(dy)>(call, params);
    return true;
  });
}

}  // namespace cnn
