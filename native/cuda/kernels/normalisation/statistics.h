// The mean and the variance of each channel in one pass over the rows of a tensor.
//
// A thread sums the deviations of its rows from a guess, the mean of its first ones, so that
// neither a large mean nor an outlier costs the variance its digits. Blocks merge those of their
// threads (Chan, Golub & LeVeque 1983), and the last kernel those of the blocks, in double.
#pragma once
#include "cuda/kernels/channel_grid.h"

namespace cnn {
namespace {

// Of some rows of a pack.
template <int WIDTH>
struct Deviations {
  float rows;
  float mean[WIDTH];     // less the base of the block
  float squares[WIDTH];  // of the deviations from the mean
};

template <int WIDTH>
__device__ void merge(Deviations<WIDTH>& to, const Deviations<WIDTH>& from) {
  if (from.rows == 0) return;
  const float rows = to.rows + from.rows;
  const float share = from.rows / rows, cross = to.rows * share;
#pragma unroll
  for (int c = 0; c < WIDTH; c++) {
    const float difference = from.mean[c] - to.mean[c];
    to.mean[c] += difference * share;
    to.squares[c] += from.squares[c] + difference * difference * cross;
  }
  to.rows = rows;
}

// Of a part's rows of one channel.
struct alignas(16) PartStatistics {
  double mean, squares;
};

// Where the rows go that are read, as the channels from `offset` on of rows of `stride` channels; J
// is void where they go nowhere.
template <class J>
struct CopyTo {
  J* to;
  int64_t stride, offset;
};

// Copies rows that are `lanes` apart.
template <class J, int WIDTH, int COUNT, class T>
__device__ void copyRows(const Rows<WIDTH, COUNT, T>& values, const CopyTo<J>& copy, int64_t row,
                         int32_t lanes, int64_t channel) {
  if constexpr (!std::is_void<J>::value) {
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
      float copied[WIDTH];
#pragma unroll
      for (int c = 0; c < WIDTH; c++) copied[c] = values.at(i, c);
      storeFloats(copy.to + (row + i * lanes) * copy.stride + copy.offset + channel, copied);
    }
  }
}

// The mean of the first rows of the thread, or the first one.
template <int WIDTH, class T>
__device__ void guessMean(const T* from, int64_t step, int32_t rows, float (&guess)[WIDTH]) {
  if (rows >= kRowsAtOnce) {
    const Rows<WIDTH, kRowsAtOnce, T> values(from, step);
#pragma unroll
    for (int c = 0; c < WIDTH; c++) {
      guess[c] = 0;
#pragma unroll
      for (int i = 0; i < kRowsAtOnce; i++) guess[c] += values.at(i, c) * (1.0f / kRowsAtOnce);
    }
  } else if (rows > 0) {
    const Rows<WIDTH, 1, T> values(from, step);
#pragma unroll
    for (int c = 0; c < WIDTH; c++) guess[c] = values.at(0, c);
  }
}

template <class T, class J, int WIDTH>
__global__ void __launch_bounds__(kBlock)
    accumulateStatistics(const T* x, CopyTo<J> copy, PartStatistics* partials, ChannelGrid grid) {
  SHARED(float, bases, kMostAcross* WIDTH);
  SHARED(uint32_t, shared, kLaneWords<Deviations<WIDTH>>);
  const ChannelPlace place = placeIn(grid);
  const int64_t channels = int64_t{grid.packs} * WIDTH, step = grid.lanes * channels;
  const int64_t channel = int64_t{place.pack} * WIDTH;
  const T* from = x + place.first * channels + channel;
  const int32_t rows = place.lane < place.rows ? (place.rows - place.lane - 1) / grid.lanes + 1 : 0;
  float guess[WIDTH] = {};
  guessMean(from + place.lane * channels, step, rows, guess);
  float* base = bases + threadIdx.x % grid.across * WIDTH;
#pragma unroll
  for (int c = 0; c < WIDTH && place.lane == 0; c++) base[c] = guess[c];
  float sums[WIDTH] = {}, squares[WIDTH] = {};
  forRows<kRowsAtOnce>(grid, place, [&](int32_t row, auto count) {
    constexpr int kCount = decltype(count)::value;
    const Rows<WIDTH, kCount, T> values(from + row * channels, step);
#pragma unroll
    for (int i = 0; i < kCount; i++) {
#pragma unroll
      for (int c = 0; c < WIDTH; c++) {
        const float deviation = values.at(i, c) - guess[c];
        sums[c] += deviation;
        squares[c] += deviation * deviation;
      }
    }
    copyRows(values, copy, place.first + row, grid.lanes, channel);
  });
  __syncthreads();
  Deviations<WIDTH> deviations = {};
  deviations.rows = static_cast<float>(rows);
#pragma unroll
  for (int c = 0; c < WIDTH && rows > 0; c++) {
    const float offset = sums[c] / deviations.rows;
    deviations.mean[c] = (guess[c] - base[c]) + offset;
    deviations.squares[c] = squares[c] - sums[c] * offset;
  }
  combineLanes(grid, deviations, shared, [](auto& to, const auto& other) { merge(to, other); });
  if (place.lane != 0 || !place.works) return;
  PartStatistics* to = partials + place.part * channels + channel;
#pragma unroll
  for (int c = 0; c < WIDTH; c++) {
    to[c] = {static_cast<double>(base[c]) + static_cast<double>(deviations.mean[c]),
             static_cast<double>(deviations.squares[c])};
  }
}

// Calls finish(channel, mean, variance) for each channel.
template <class Finish>
__global__ void __launch_bounds__(kBlock)
    finishStatistics(const PartStatistics* partials, int32_t channels, ChannelGrid grid,
                     Finish finish) {
  SHARED(double, shared, kBlock);
  const int32_t channel = finishChannel();
  const bool exists = channel < channels;
  const int32_t parts = exists ? grid.parts : 0;
  const PartStatistics* from = partials + channel;
  const double all = grid.rows;
  const auto rowsOf = [&](int32_t part) {
    const int64_t left = grid.rows - int64_t{part} * grid.partRows;
    return static_cast<double>(left < grid.partRows ? left : grid.partRows);
  };
  const double mean =
      sumOfParts(parts, shared,
                 [&](int32_t part) { return from[int64_t{part} * channels].mean * rowsOf(part); }) /
      all;
  const double squares = sumOfParts(parts, shared, [&](int32_t part) {
    const PartStatistics& other = from[int64_t{part} * channels];
    const double difference = other.mean - mean;
    return other.squares + difference * difference * rowsOf(part);
  });
  if (!exists || threadIdx.x >= kFinishChannels) return;
  finish(channel, mean, squares < 0 ? 0 : squares / all);  // rounding; a NaN stays
}

// The statistics of x, whose rows are copied on the way where `copy` says so.
template <class T, class J, class Finish>
void computeStatistics(const Call& call, const T* x, int32_t rows, int32_t channels,
                       const CopyTo<J>& copy, const Finish& finish) {
  withWidth<cuda::kPack<T>>({channels, copy.stride, copy.offset}, [&](auto width) {
    const ChannelGrid grid(call, rows, channels, width);
    const size_t count = static_cast<size_t>(grid.parts) * static_cast<size_t>(channels);
    auto* partials =
        static_cast<PartStatistics*>(call.context.scratchMemory(count * sizeof(PartStatistics)));
    LAUNCH((accumulateStatistics<T, J, decltype(width)::value>), grid.blocks(), kBlock,
           streamOf(call), x, copy, partials, grid);
    LAUNCH((finishStatistics<Finish>), finishBlocks(channels), kBlock, streamOf(call), partials,
           channels, grid, finish);
  });
}

}  // namespace
}  // namespace cnn
