// The gradient of max pooling by windows of 2x2 with strides of 2, VGG's: no two windows share an
// input, so that each writes the gradients of its own without looking for others.
#include "pool_window.h"

namespace cnn {
namespace {

// dy to the first of a window's values that is the maximum y, 0 to the others.
template <int COUNT, class T, class D>
void passOn(const T* const* values, const T* y, const D* dy, D* const* gradients,
            int64_t channels) {
  const T* x[COUNT];
  D* dx[COUNT];
  for (int k = 0; k < COUNT; k++) {
    x[k] = values[k];
    dx[k] = gradients[k];
  }
// The outputs are different places of one tensor.
#pragma GCC ivdep
  for (int64_t c = 0; c < channels; c++) {
    const auto maximum = bitsOf(y[c]);
    D left = dy[c];
#pragma GCC unroll 4
    for (int k = 0; k < COUNT; k++) {
      const bool found = bitsOf(x[k][c]) == maximum;
      dx[k][c] = zeroUnless(found, left);
      left = zeroUnless(!found, left);
    }
  }
}

template <class T, class D>
void passOn(int count, const T* const* values, const T* y, const D* dy, D* const* gradients,
            int64_t channels) {
  switch (count) {
    case 1:
      return passOn<1>(values, y, dy, gradients, channels);
    case 2:
      return passOn<2>(values, y, dy, gradients, channels);
    default:
      return passOn<4>(values, y, dy, gradients, channels);
  }
}

template <class T, class D>
void maxPoolGradient(const Call& call, const PoolParams& p) {
  const D* dy = valuesOf<D>(call.inputs[0]);
  const T* x = valuesOf<T>(call.inputs[1]);
  const T* y = valuesOf<T>(call.inputs[2]);
  D* dx = valuesOf<D>(call.outputs[0]);
  const Axis vertical = rowsOf(p), horizontal = columnsOf(p);
  const int64_t inRow = int64_t{p.inWidth} * p.channels, inImage = p.inHeight * inRow;
  const int64_t rows = int64_t{p.batch} * p.outHeight;
  // Without padding the last row and column of an odd size are in no window.
  const int coveredRows = 2 * p.outHeight - p.padTop, coveredColumns = 2 * p.outWidth - p.padLeft;
  const int64_t restOfRow = int64_t{p.inWidth - coveredColumns} * p.channels;
  parallelFor(rows, grainOf(p, p.outWidth * int64_t{p.channels}), [&](int64_t begin, int64_t end) {
    const T* values[4];
    D* gradients[4];
    for (int64_t row = begin; row < end; row++) {
      const int64_t image = row / p.outHeight;
      const int output = static_cast<int>(row % p.outHeight);
      const Window lines = windowOf(vertical, output);
      int64_t at = row * p.outWidth * p.channels;
      for (int column = 0; column < p.outWidth; column++, at += p.channels) {
        const Window places = windowOf(horizontal, column);
        const int count = tapsOf<T>(x + image * inImage, p, lines, places, values, nullptr);
        for (int k = 0; k < count; k++) gradients[k] = dx + (values[k] - x);
        passOn(count, values, y + at, dy + at, gradients, p.channels);
      }
      D* out = dx + image * inImage;
      for (int k = lines.begin; k < lines.end && restOfRow > 0; k++) {
        D* rest = out + (lines.first + k) * inRow + int64_t{coveredColumns} * p.channels;
        std::memset(rest, 0, static_cast<size_t>(restOfRow) * sizeof(D));
      }
      for (int line = coveredRows; output == p.outHeight - 1 && line < p.inHeight; line++) {
        std::memset(out + line * inRow, 0, static_cast<size_t>(inRow) * sizeof(D));
      }
    }
  });
}

}  // namespace

CNN_KERNEL_PRIORITY(MaxPoolGrad, PoolParams, 1) {
  const bool windows = params.filterHeight == 2 && params.filterWidth == 2 &&
                       params.strideHeight == 2 && params.strideWidth == 2 &&
                       params.dilationHeight == 1 && params.dilationWidth == 1;
  if (!windows) return false;
  return maxPoolGradEntry(
      call, [&](auto x, auto dy) { maxPoolGradient<decltype(x), decltype(dy)>(call, params); });
}

}  // namespace cnn
