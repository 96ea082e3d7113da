// Rows of channels cut among blocks, for kernels that hold something of each channel: its sums or
// its coefficients. A thread holds WIDTH neighbouring channels, a pack, and goes down the rows.
#pragma once
#include <algorithm>
#include <cstring>

#include "packs.h"

namespace cnn {

constexpr int kMostAcross = 64;    // packs that a block takes of a row: 1 KiB
constexpr int kMostRowsEach = 64;  // rows of a thread, so that float sums keep their digits
constexpr int kRowsAtOnce = 4;     // rows of a thread whose loads are in flight together

struct ChannelGrid {
  // Of packs of `width` channels.
  ChannelGrid(const Call& call, int32_t tensorRows, int32_t channels, int width)
      : rows(tensorRows), packs(channels / width) {
    groups = (packs + kMostAcross - 1) / kMostAcross;
    across = groups == 1 ? packs : (((packs + groups - 1) / groups) + 7) / 8 * 8;
    groups = (packs + across - 1) / across;
    lanes = kBlock / across;
    // Blocks for every multiprocessor, as long as a thread has some rows.
    const int64_t blocks = int64_t{call.context.gpu->info.multiprocessors} * 8;
    const int64_t each = int64_t{rows} * groups / (lanes * blocks) / kRowsAtOnce * kRowsAtOnce;
    partRows = lanes *
               static_cast<int32_t>(std::clamp(each, int64_t{kRowsAtOnce}, int64_t{kMostRowsEach}));
    parts = std::max(1, static_cast<int32_t>((int64_t{rows} + partRows - 1) / partRows));
  }
  unsigned blocks() const { return static_cast<unsigned>(parts) * static_cast<unsigned>(groups); }

  int32_t rows, packs;
  int32_t groups;    // blocks beside each other
  int32_t across;    // packs of a block
  int32_t lanes;     // rows that a block takes at once
  int32_t partRows;  // rows of a block
  int32_t parts;     // blocks below each other
};

// What a thread takes of a grid.
struct ChannelPlace {
  int32_t part, lane, pack;
  bool works;     // it has a pack
  int32_t rows;   // of the part; 0 where it has none
  int64_t first;  // row of the part
};

__device__ inline ChannelPlace placeInPart(const ChannelGrid& grid, int32_t part) {
  const int32_t group = static_cast<int32_t>(blockIdx.x % static_cast<unsigned>(grid.groups));
  const int32_t thread = static_cast<int32_t>(threadIdx.x);
  const int32_t lane = thread / grid.across;
  const int32_t pack = group * grid.across + thread % grid.across;
  const int64_t first = int64_t{part} * grid.partRows;
  const int64_t left = grid.rows - first;
  const bool works = lane < grid.lanes && pack < grid.packs;
  const int64_t rows = left < grid.partRows ? left : grid.partRows;
  return {part, lane, pack, works, works ? static_cast<int32_t>(rows) : 0, first};
}
__device__ inline int32_t partOf(const ChannelGrid& grid) {
  return static_cast<int32_t>(blockIdx.x / static_cast<unsigned>(grid.groups));
}
__device__ inline ChannelPlace placeIn(const ChannelGrid& grid) {
  return placeInPart(grid, partOf(grid));
}
// The last part first, of which the cache still holds most after a pass over all.
__device__ inline ChannelPlace placeFromEnd(const ChannelGrid& grid) {
  return placeInPart(grid, grid.parts - 1 - partOf(grid));
}

// Calls body(row, count) for the thread's rows within its part, `count` of them, a type's constant,
// that are grid.lanes apart.
template <int AT_ONCE, class Body>
__device__ inline void forRows(const ChannelGrid& grid, const ChannelPlace& place,
                               const Body& body) {
  int32_t row = place.lane;
  for (; row + (AT_ONCE - 1) * grid.lanes < place.rows; row += AT_ONCE * grid.lanes) {
    body(row, std::integral_constant<int, AT_ONCE>{});
  }
  for (; row < place.rows; row += grid.lanes) body(row, std::integral_constant<int, 1>{});
}

// COUNT packs that are `step` elements apart, all loaded before any is used.
template <int WIDTH, int COUNT, class T>
struct Rows {
  Rows() = default;
  __device__ Rows(const T* from, int64_t step) {
#pragma unroll
    for (int i = 0; i < COUNT; i++) packs[i] = cuda::load<T, WIDTH>(from + i * step);
  }
  __device__ float at(int row, int channel) const { return toFloat(packs[row].values[channel]); }
  cuda::Pack<T, WIDTH> packs[COUNT];
};

// None.
template <int WIDTH, int COUNT>
struct Rows<WIDTH, COUNT, void> {
  __device__ Rows(const void*, int64_t) {}
};

template <class T>
__device__ inline const T* after(const T* from, int64_t count) {
  return from + count;
}
__device__ inline const void* after(const void* none, int64_t) { return none; }

template <int WIDTH>
__device__ inline void loadChannels(const float* from, int32_t pack, float (&to)[WIDTH]) {
  const auto values = cuda::load<float, WIDTH>(from + int64_t{pack} * WIDTH);
#pragma unroll
  for (int c = 0; c < WIDTH; c++) to[c] = values.values[c];
}

// Words of shared memory for combineLanes of a State.
template <class State>
constexpr int kLaneWords = sizeof(State) / sizeof(uint32_t) * kBlock / 2;

// Merges the states of all lanes of a pack into that of the first, in pairs. All threads of the
// block call it.
template <class State, class Merge>
__device__ inline void combineLanes(const ChannelGrid& grid, State& state, uint32_t* shared,
                                    const Merge& merge) {
  constexpr int kWords = sizeof(State) / sizeof(uint32_t);
  uint32_t words[kWords];
  const int32_t lane = static_cast<int32_t>(threadIdx.x) / grid.across;
  for (int32_t lanes = grid.lanes; lanes > 1;) {
    const int32_t kept = (lanes + 1) / 2;
    if (lane >= kept && lane < lanes) {
      std::memcpy(words, &state, sizeof(State));
      uint32_t* to = shared + (static_cast<int32_t>(threadIdx.x) - kept * grid.across);
#pragma unroll
      for (int i = 0; i < kWords; i++) to[i * (kBlock / 2)] = words[i];
    }
    __syncthreads();
    if (lane < lanes - kept) {
#pragma unroll
      for (int i = 0; i < kWords; i++) words[i] = shared[i * (kBlock / 2) + threadIdx.x];
      State other;
      std::memcpy(&other, words, sizeof(State));
      merge(state, other);
    }
    __syncthreads();
    lanes = kept;
  }
}

// How the blocks of a grid's parts are added up: each block takes some channels, a warp's worth of
// threads for each of them.
constexpr int kFinishChannels = kBlock / cuda::kWarp;
inline unsigned finishBlocks(int32_t channels) {
  return static_cast<unsigned>((channels + kFinishChannels - 1) / kFinishChannels);
}
__device__ inline int32_t finishChannel() {
  return static_cast<int32_t>(blockIdx.x * kFinishChannels + threadIdx.x % kFinishChannels);
}

// The sum of value(part) over all parts, in a fixed order, for all threads of a channel. All
// threads of the block call it.
template <class Value>
__device__ inline double sumOfParts(int32_t parts, double* shared, const Value& value) {
  double sum = 0;
  for (int32_t part = threadIdx.x / kFinishChannels; part < parts; part += cuda::kWarp) {
    sum += value(part);
  }
  shared[threadIdx.x] = sum;
  __syncthreads();
  for (unsigned half = kBlock / 2; half >= kFinishChannels; half /= 2) {
    if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
    __syncthreads();
  }
  sum = shared[threadIdx.x % kFinishChannels];
  __syncthreads();
  return sum;
}

}  // namespace cnn
