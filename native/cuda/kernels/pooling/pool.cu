// Max and average pooling over NHWC, a thread for each pack of an output. Padding takes no part. As
// in PyTorch a NaN is greater than any number, and of equal maxima the first one wins.
#include "pool_window.h"

namespace cnn {
namespace {

// Values of one channel that are reduced to one. The maximum keeps the bits of an input, by which
// its gradient finds it.
template <class T>
struct Max {
  T best = fromFloat<T>(-INFINITY);

  // Of NaNs the last one wins.
  __device__ void add(T value) {
    const float number = toFloat(value);
    if (number > toFloat(best) || number != number) best = value;
  }
  __device__ T result(float) const { return best; }
};
template <class T>
struct Average {
  float sum = 0;

  __device__ void add(T value) { sum += toFloat(value); }
  __device__ T result(float scale) const { return fromFloat<T>(sum * scale); }
};

template <template <class> class Operation, class T, int WIDTH, int FILTER>
__global__ void __launch_bounds__(kBlock, 4)
    pool(const T* x, T* y, Windows windows, PixelGrid grid) {
  Pixel pixel;
  if (!grid.find(pixel)) return;
  const int32_t top = windows.rows.firstOf(pixel.row);
  const int32_t left = windows.columns.firstOf(pixel.column);
  Operation<T> channels[WIDTH];
  int32_t count = 0;
  const T* image = x + windows.inputAt(pixel.image, 0, 0) + pixel.pack * WIDTH;
  forTaps<FILTER>(windows, top, left, [&](int32_t, int32_t row, int32_t column) {
    const auto tap = cuda::load<T, WIDTH>(image + windows.inputAt(0, row, column));
#pragma unroll
    for (int c = 0; c < WIDTH; c++) channels[c].add(tap.values[c]);
    count++;
  });
  const float scale = 1.0f / static_cast<float>(count);
  cuda::Pack<T, WIDTH> result;
#pragma unroll
  for (int c = 0; c < WIDTH; c++) result.values[c] = channels[c].result(scale);
  const int64_t at = windows.outputAt(pixel.image, pixel.row, pixel.column);
  cuda::store(y + at + pixel.pack * WIDTH, result);
}

// As in tfjs the divisor is the whole window's size, also where part of it is padding.
template <class D, int WIDTH>
__global__ void __launch_bounds__(kBlock, 4)
    averageGradient(const D* dy, D* dx, Windows windows, PixelGrid grid) {
  Pixel pixel;
  if (!grid.find(pixel)) return;
  float sums[WIDTH] = {};
  const D* image = dy + windows.outputAt(pixel.image, 0, 0) + pixel.pack * WIDTH;
  windows.rows.forReaders(pixel.row, [&](int32_t row, int32_t) {
    windows.columns.forReaders(pixel.column, [&](int32_t column, int32_t) {
      const auto gradient = cuda::load<D, WIDTH>(image + windows.outputAt(0, row, column));
#pragma unroll
      for (int c = 0; c < WIDTH; c++) sums[c] += toFloat(gradient.values[c]);
    });
  });
  const float scale = 1.0f / static_cast<float>(windows.rows.filter * windows.columns.filter);
#pragma unroll
  for (int c = 0; c < WIDTH; c++) sums[c] *= scale;
  const int64_t at = windows.inputAt(pixel.image, pixel.row, pixel.column);
  storeFloats(dx + at + pixel.pack * WIDTH, sums);
}

template <template <class> class Operation>
bool runPool(const Call& call, const PoolParams& p) {
  const Windows windows(p);
  const auto launch = [&](const auto* x, auto* y, auto width, const PixelGrid& grid) {
    using T = std::remove_pointer_t<decltype(y)>;
    constexpr int kWidth = decltype(width)::value;
    withFilter(p, [&](auto filter) {
      LAUNCH((pool<Operation, T, kWidth, decltype(filter)::value>), grid.blocks(), kBlock,
             streamOf(call), x, y, windows, grid);
    });
  };
  return onPixels(call, p.batch, p.outHeight, p.outWidth, p.channels, launch);
}

}  // namespace

CNN_CUDA_KERNEL(MaxPool, PoolParams) { return runPool<Max>(call, params); }

CNN_CUDA_KERNEL(AvgPool, PoolParams) { return runPool<Average>(call, params); }

// Input dy.
CNN_CUDA_KERNEL(AvgPoolGrad, PoolParams) {
  const PoolParams& p = params;
  const Windows windows(p);
  const auto launch = [&](const auto* dy, auto* dx, auto width, const PixelGrid& grid) {
    using D = std::remove_pointer_t<decltype(dx)>;
    LAUNCH((averageGradient<D, decltype(width)::value>), grid.blocks(), kBlock, streamOf(call), dy,
           dx, windows, grid);
  };
  return onPixels(call, p.batch, p.inHeight, p.inWidth, p.channels, launch);
}

}  // namespace cnn
