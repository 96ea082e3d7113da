// The geometry of pooling windows over NHWC, and who reads an input (for gradients).
#pragma once
#include "cpu/loops/parallel.h"

namespace cnn {
namespace {

constexpr int kMaxTaps = kMaxPoolFilter * kMaxPoolFilter;
constexpr int64_t kGrainElements = 1 << 14;

// One spatial axis: output o reads inputs o * stride - pad + k * dilation, k < filter.
struct Axis {
  int in, out, filter, stride, dilation, pad;
};

inline Axis rowsOf(const PoolParams& p) {
  return {p.inHeight, p.outHeight, p.filterHeight, p.strideHeight, p.dilationHeight, p.padTop};
}
inline Axis columnsOf(const PoolParams& p) {
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

// Lists the outputs that read `input` on one axis, the last one first.
inline int listReaders(const Axis& axis, int input, Reader* readers) {
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

// The outputs that read one input.
struct Readers {
  const Reader* first;
  int count;
  const Reader* begin() const { return first; }
  const Reader* end() const { return first + count; }
};

// The readers of every input of an axis, listed once in memory of `words` words.
class ReaderTable {
 public:
  static int depth(const Axis& axis) {
    return ((axis.filter - 1) * axis.dilation) / axis.stride + 1;
  }
  static int64_t words(const Axis& axis) { return int64_t{axis.in} * (2 * depth(axis) + 1); }
  ReaderTable(const Axis& axis, void* memory)
      : depth_(depth(axis)),
        readers_(static_cast<Reader*>(memory)),
        counts_(reinterpret_cast<int*>(readers_ + int64_t{axis.in} * depth_)) {
    for (int input = 0; input < axis.in; input++) {
      counts_[input] = listReaders(axis, input, readers_ + int64_t{input} * depth_);
    }
  }
  Readers of(int input) const { return {readers_ + int64_t{input} * depth_, counts_[input]}; }

 private:
  int depth_;
  Reader* readers_;
  int* counts_;
};

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

// The body of MaxPoolGrad: inputs dy, the pool's input and its output. Calls gradient(x, dy) with a
// value of each one's type; false for types that no body takes.
template <class Gradient>
bool maxPoolGradEntry(const Call& call, const Gradient& gradient) {
  if (call.inputs[1].dtype != call.inputs[2].dtype) return false;
  return withFloatType(call.inputs[1].dtype, [&](auto x) {
    return withFloatType(call.inputs[0].dtype, [&](auto dy) {
      gradient(x, dy);
      return true;
    });
  });
}

inline int64_t grainOf(const PoolParams& p, int64_t elementsPerItem) {
  return kGrainElements / (elementsPerItem * p.filterHeight * p.filterWidth + 1) + 1;
}

}  // namespace
}  // namespace cnn
