#include "common/luma.h"
#include "cuda/kernels.h"
#include "resample.h"

namespace cnn {
namespace {

// The weighted sum of pixels, `step` bytes apart.
__device__ inline void weigh(const uint8_t* from, int64_t step, const int32_t* weights,
                             int32_t count, uint8_t* pixel) {
  int32_t sums[3];
#pragma unroll
  for (int c = 0; c < 3; c++) sums[c] = 1 << (kWeightBits - 1);
  for (int32_t i = 0; i < count; i++) {
    const int32_t weight = weights[i];
#pragma unroll
    for (int c = 0; c < 3; c++) sums[c] += from[i * step + c] * weight;
  }
#pragma unroll
  for (int c = 0; c < 3; c++) pixel[c] = static_cast<uint8_t>(sums[c] >> kWeightBits);
}

// A pixel of the middle in each thread.
__global__ void __launch_bounds__(kBlock) resampleAcross(Showing s) {
  const int64_t count = int64_t{s.rowCount} * s.columns.size;
  for (int64_t i = firstIndex(); i < count; i += indexStride()) {
    const int32_t row = static_cast<int32_t>(i / s.columns.size);
    const int32_t column = static_cast<int32_t>(i % s.columns.size);
    const Filter::Tap tap = s.columns.positions[column];
    const int32_t* weights = s.columns.weights + int64_t{column} * s.columns.stride;
    const uint8_t* from = s.pixels + (s.firstRow + row) * s.pitch + 3 * int64_t{tap.first};
    weigh(from, 3, weights, tap.count, s.middle + 3 * i);
  }
}

// A pixel of the slot in each thread.
__global__ void __launch_bounds__(kBlock) resampleDown(Showing s) {
  const int64_t stride = 3 * int64_t{s.columns.size};
  for (int64_t i = firstIndex(); i < int64_t{s.size} * s.size; i += indexStride()) {
    const int32_t y = static_cast<int32_t>(i / s.size) - s.outTop;
    const int32_t x = static_cast<int32_t>(i % s.size) - s.outLeft;
    uint8_t pixel[3] = {0, 0, 0};
    if (y >= 0 && y < s.rows.size && x >= 0 && x < s.columns.size) {
      const Filter::Tap tap = s.rows.positions[y];
      const int32_t* weights = s.rows.weights + int64_t{y} * s.rows.stride;
      const uint8_t* from = s.middle + (tap.first - s.firstRow) * stride + 3 * int64_t{x};
      weigh(from, stride, weights, tap.count, pixel);
    }
    if (s.channels == 1) {
      s.slot[i] = luma(pixel);
    } else {
      for (int c = 0; c < 3; c++) s.slot[3 * i + c] = pixel[c];
    }
  }
}

unsigned blocksOf(int64_t pixels, int multiprocessors) {
  const int64_t wanted = (pixels + kBlock - 1) / kBlock, most = int64_t{multiprocessors} * 16;
  return static_cast<unsigned>(wanted < most ? wanted : most);
}

}  // namespace

void show(const Showing& showing, int multiprocessors, cuda::StreamHandle stream) {
  const int64_t middle = int64_t{showing.rowCount} * showing.columns.size;
  LAUNCH(resampleAcross, blocksOf(middle, multiprocessors), kBlock, stream, showing);
  const int64_t slot = int64_t{showing.size} * showing.size;
  LAUNCH(resampleDown, blocksOf(slot, multiprocessors), kBlock, stream, showing);
}

}  // namespace cnn
