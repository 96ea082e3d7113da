// The geometry of pooling windows over NHWC, and who reads an input (for gradients).
#pragma once
#include "cuda/kernels/pixel_grid.h"

namespace cnn {
namespace {

// One spatial axis: output o reads inputs o * stride - pad + k * dilation, k < filter.
struct Axis {
  int32_t in, out, filter, dilation, pad;
  Divisor stride;

  // The input of tap 0.
  __device__ int32_t firstOf(int32_t output) const {
    return output * static_cast<int32_t>(stride.value) - pad;
  }
  // The taps [begin, end) of an output that are inputs, not padding.
  __device__ void taps(int32_t first, int32_t& begin, int32_t& end) const {
    begin = first >= 0 ? 0 : (dilation - 1 - first) / dilation;
    end = first >= in ? 0 : (in - 1 - first) / dilation + 1;
    if (end > filter) end = filter;
  }
  // The last output that may read an input.
  __device__ int32_t lastReader(int32_t input) const {
    const auto last = static_cast<int32_t>(stride.quotient(static_cast<uint32_t>(input + pad)));
    return last < out ? last : out - 1;
  }
  // Calls body(output, tap) for the outputs that read an input, the last one first.
  template <class Body>
  __device__ void forReaders(int32_t input, const Body& body) const {
#pragma unroll 1
    for (int32_t output = lastReader(input); output >= 0; output--) {
      const int32_t offset = input - firstOf(output);
      if (offset > (filter - 1) * dilation) break;
      if (dilation == 1) {
        body(output, offset);
      } else if (offset % dilation == 0) {
        body(output, offset / dilation);
      }
    }
  }
};

// A call's windows.
struct Windows {
  explicit Windows(const PoolParams& p)
      : channels(p.channels),
        rows{p.inHeight,       p.outHeight, p.filterHeight,
             p.dilationHeight, p.padTop,    Divisor(p.strideHeight)},
        columns{p.inWidth,       p.outWidth, p.filterWidth,
                p.dilationWidth, p.padLeft,  Divisor(p.strideWidth)} {}

  // The first channel of a pack in a pixel of the inputs, and of the outputs.
  __device__ int64_t inputAt(int64_t image, int32_t row, int32_t column) const {
    return ((image * rows.in + row) * columns.in + column) * channels;
  }
  __device__ int64_t outputAt(int64_t image, int32_t row, int32_t column) const {
    return ((image * rows.out + row) * columns.out + column) * channels;
  }

  // Whether it is an input, not padding.
  __device__ bool holds(int32_t row, int32_t column) const {
    return row >= 0 && row < rows.in && column >= 0 && column < columns.in;
  }

  int32_t channels;
  Axis rows, columns;
};

// Calls body(place, row, column) for the inputs of the window whose first one is (top, left), row
// by row; FILTER is the side of square windows without dilation, whose loops are unrolled, or 0.
template <int FILTER, class Body>
__device__ inline void forTaps(const Windows& windows, int32_t top, int32_t left,
                               const Body& body) {
  if constexpr (FILTER > 0) {
#pragma unroll
    for (int ky = 0; ky < FILTER; ky++) {
#pragma unroll
      for (int kx = 0; kx < FILTER; kx++) {
        const int32_t row = top + ky, column = left + kx;
        if (windows.holds(row, column)) body(ky * FILTER + kx, row, column);
      }
    }
  } else {
    int32_t firstRow, lastRow, firstColumn, lastColumn;
    windows.rows.taps(top, firstRow, lastRow);
    windows.columns.taps(left, firstColumn, lastColumn);
#pragma unroll 1
    for (int32_t ky = firstRow; ky < lastRow; ky++) {
      const int32_t row = top + ky * windows.rows.dilation;
#pragma unroll 2
      for (int32_t kx = firstColumn; kx < lastColumn; kx++) {
        body(ky * windows.columns.filter + kx, row, left + kx * windows.columns.dilation);
      }
    }
  }
}

// Calls body(row, column, whether it is in the window) for the inputs from the first one of a
// window to that of the next on either axis, where windows do not overlap.
template <class Body>
__device__ inline void forCell(const Windows& windows, int32_t top, int32_t left,
                               const Body& body) {
  const int32_t bottom = top + static_cast<int32_t>(windows.rows.stride.value);
  const int32_t right = left + static_cast<int32_t>(windows.columns.stride.value);
#pragma unroll 1
  for (int32_t row = top; row < bottom; row++) {
#pragma unroll 1
    for (int32_t column = left; column < right; column++) {
      if (!windows.holds(row, column)) continue;
      body(row, column, row - top < windows.rows.filter && column - left < windows.columns.filter);
    }
  }
}

// Calls body with 2 or 3 for windows of such sides without dilation, else with 0.
template <class Body>
void withFilter(const PoolParams& p, const Body& body) {
  const bool plain =
      p.filterHeight == p.filterWidth && p.dilationHeight == 1 && p.dilationWidth == 1;
  if (plain && p.filterHeight == 2) return body(std::integral_constant<int, 2>{});
  if (plain && p.filterHeight == 3) return body(std::integral_constant<int, 3>{});
  body(std::integral_constant<int, 0>{});
}

}  // namespace
}  // namespace cnn
