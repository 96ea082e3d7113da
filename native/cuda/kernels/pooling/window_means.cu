// Means of rectangular windows of images, and the way back: global and adaptive average pooling,
// and average pooling whose padding does not count. A window is a range of rows by a range of
// columns.
#include "cuda/kernels/pixel_grid.h"

namespace cnn {
namespace {

struct Range {
  int32_t begin, end;
  __device__ int32_t size() const { return end - begin; }
  __device__ bool holds(int32_t place) const { return place >= begin && place < end; }
};

// The ranges of a call, those of all rows of windows and then of all columns: in the parameters of
// a kernel, which are 4 KB at most, or for more windows in memory.
constexpr int kFew = 256;
struct FewRanges {
  Range ranges[kFew];
};
struct WindowRanges {
  FewRanges few;
  const Range* many;
  int32_t rows;

  __device__ Range row(int32_t window) const { return at(window); }
  __device__ Range column(int32_t window) const { return at(rows + window); }
  __device__ Range at(int32_t i) const { return many == nullptr ? few.ranges[i] : many[i]; }
};

__global__ void writeRanges(FewRanges few, Range* to) { to[threadIdx.x] = few.ranges[threadIdx.x]; }

FewRanges someOf(const Range* ranges, int32_t count) {
  FewRanges few = {};
  std::copy(ranges, ranges + std::min(count, kFew), few.ranges);
  return few;
}

WindowRanges rangesOf(const Call& call, const WindowMeansParams& p) {
  const Range* ranges = listsOf<WindowMeansParams, Range>(call);
  const int32_t count = p.outHeight + p.outWidth;
  WindowRanges result{someOf(ranges, count), nullptr, p.outHeight};
  if (count <= kFew) return result;
  const int32_t launches = (count + kFew - 1) / kFew;
  const size_t bytes = static_cast<size_t>(launches) * sizeof(FewRanges);
  Range* many = static_cast<Range*>(call.context.scratchMemory(bytes));
  for (int32_t first = 0; first < count; first += kFew) {
    const FewRanges few = someOf(ranges + first, count - first);
    Range* to = many + first;
    LAUNCH(writeRanges, 1, kFew, streamOf(call), few, to);
  }
  result.many = many;
  return result;
}

__device__ inline float shareOf(Range rows, Range columns) {
  return 1.0f / static_cast<float>(rows.size() * columns.size());
}

template <class T, int WIDTH>
__global__ void __launch_bounds__(kBlock, 3)
    meansOfWindows(const T* x, T* y, WindowMeansParams p, WindowRanges windows, PixelGrid grid) {
  Pixel pixel;
  if (!grid.find(pixel)) return;
  const Range rows = windows.row(pixel.row), columns = windows.column(pixel.column);
  const float share = shareOf(rows, columns);
  const int64_t inRow = int64_t{p.inWidth} * p.channels;
  const T* image = x + pixel.image * p.inHeight * inRow + pixel.pack * WIDTH;
  float sums[WIDTH] = {};
#pragma unroll 1
  for (int32_t row = rows.begin; row < rows.end; row++) {
    const T* line = image + row * inRow;
#pragma unroll 4
    for (int32_t column = columns.begin; column < columns.end; column++) {
      const auto values = cuda::load<T, WIDTH>(line + int64_t{column} * p.channels);
#pragma unroll
      for (int c = 0; c < WIDTH; c++) sums[c] += share * toFloat(values.values[c]);
    }
  }
  const int64_t at = (pixel.image * p.outHeight + pixel.row) * p.outWidth + pixel.column;
  storeFloats(y + at * p.channels + pixel.pack * WIDTH, sums);
}

template <class T, int WIDTH>
__global__ void __launch_bounds__(kBlock, 4)
    spreadOverWindows(const T* dy, T* dx, WindowMeansParams p, WindowRanges windows,
                      PixelGrid grid) {
  Pixel pixel;
  if (!grid.find(pixel)) return;
  const int64_t outRow = int64_t{p.outWidth} * p.channels;
  const T* image = dy + pixel.image * p.outHeight * outRow + pixel.pack * WIDTH;
  float sums[WIDTH] = {};
#pragma unroll 1
  for (int32_t row = 0; row < p.outHeight; row++) {
    const Range rows = windows.row(row);
    if (!rows.holds(pixel.row)) continue;
#pragma unroll 1
    for (int32_t column = 0; column < p.outWidth; column++) {
      const Range columns = windows.column(column);
      if (!columns.holds(pixel.column)) continue;
      const float share = shareOf(rows, columns);
      const auto values = cuda::load<T, WIDTH>(image + row * outRow + int64_t{column} * p.channels);
#pragma unroll
      for (int c = 0; c < WIDTH; c++) sums[c] += share * toFloat(values.values[c]);
    }
  }
  const int64_t at = (pixel.image * p.inHeight + pixel.row) * p.inWidth + pixel.column;
  storeFloats(dx + at * p.channels + pixel.pack * WIDTH, sums);
}

}  // namespace

// Input x (batch, inHeight, inWidth, channels).
CNN_CUDA_KERNEL(WindowMeans, WindowMeansParams) {
  const WindowMeansParams p = params;
  const auto launch = [&](const auto* x, auto* y, auto width, const PixelGrid& grid) {
    using T = std::remove_pointer_t<decltype(y)>;
    LAUNCH((meansOfWindows<T, decltype(width)::value>), grid.blocks(), kBlock, streamOf(call), x, y,
           p, rangesOf(call, p), grid);
  };
  return onPixels(call, p.batch, p.outHeight, p.outWidth, p.channels, launch);
}

// Input dy (batch, outHeight, outWidth, channels).
CNN_CUDA_KERNEL(WindowMeansGrad, WindowMeansParams) {
  const WindowMeansParams p = params;
  const auto launch = [&](const auto* dy, auto* dx, auto width, const PixelGrid& grid) {
    using T = std::remove_pointer_t<decltype(dx)>;
    LAUNCH((spreadOverWindows<T, decltype(width)::value>), grid.blocks(), kBlock, streamOf(call),
           dy, dx, p, rangesOf(call, p), grid);
  };
  return onPixels(call, p.batch, p.inHeight, p.inWidth, p.channels, launch);
}

}  // namespace cnn
