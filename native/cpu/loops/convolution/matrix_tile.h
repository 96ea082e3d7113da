// Products of float matrices in blocks of registers: what our own convolutions compute with.
//
// A tile is kTileRows rows of kTileColumns sums that stay in registers while both factors stream
// by. The right factor is stored in panels: all its rows, cut into strips of kTileColumns columns.
//
// `kLanes`, `Vector` and `kHasWideVectors` come from ../vector.h, threads from ../parallel.h.
#pragma once
#include <utility>

#include "cpu/loops/parallel.h"
#include "cpu/loops/vector.h"

namespace cnn {
namespace {

constexpr int kTileRows = kLanes == 16 ? 14 : 6;  // as many as the registers hold
constexpr int kTileVectors = 2;
constexpr int kTileColumns = kTileVectors * kLanes;
constexpr int64_t kShortPanel = 192;  // steps
// A left factor: the value of row r at step k is values[r * rowStride + k * stepStride].
struct LeftFactor {
  const float* values;
  int64_t rowStride, stepStride;
};

// Memory that is prefetched while a tile is computed: one row of the next panel every `interval`
// steps. It may be beyond the last panel.
struct FetchAhead {
  const float* row;
  int64_t interval;
};

// sums[row][column] = the products of `steps` steps, added to the previous values if `accumulate`.
template <int kRows>
__attribute__((noinline)) void multiplyTile(LeftFactor left, const float* panel, int64_t steps,
                                            float* sums, int64_t sumsStride, bool accumulate,
                                            FetchAhead ahead) {
  Vector tile[kRows][kTileVectors];
#pragma GCC unroll 16
  for (int row = 0; row < kRows; row++) {
#pragma GCC unroll 2
    for (int i = 0; i < kTileVectors; i++) {
      tile[row][i] = Vector{};
      __builtin_prefetch(sums + row * sumsStride + i * kLanes, 1);
    }
  }
  for (int64_t first = 0; first < steps; first += ahead.interval) {
    const int64_t end = steps - first < ahead.interval ? steps : first + ahead.interval;
#pragma GCC unroll 2
    for (int i = 0; i < kTileVectors; i++) __builtin_prefetch(ahead.row + i * kLanes, 0, 2);
    ahead.row += kTileColumns;
    for (int64_t step = first; step < end; step++) {
      Vector right[kTileVectors];
#pragma GCC unroll 2
      for (int i = 0; i < kTileVectors; i++) {
        const float* from = panel + step * kTileColumns + i * kLanes;
        right[i] = *reinterpret_cast<const VectorInMemory*>(from);
      }
#pragma GCC unroll 16
      for (int row = 0; row < kRows; row++) {
        const float factor = left.values[row * left.rowStride + step * left.stepStride];
#pragma GCC unroll 2
        for (int i = 0; i < kTileVectors; i++) tile[row][i] += factor * right[i];
      }
    }
  }
#pragma GCC unroll 16
  for (int row = 0; row < kRows; row++) {
#pragma GCC unroll 2
    for (int i = 0; i < kTileVectors; i++) {
      auto* to = reinterpret_cast<VectorInMemory*>(sums + row * sumsStride + i * kLanes);
      *to = accumulate ? *to + tile[row][i] : tile[row][i];
    }
  }
}

using TileFunction = void (*)(LeftFactor, const float*, int64_t, float*, int64_t, bool, FetchAhead);

template <size_t... kIndices>
inline TileFunction tileFunction(int rows, std::index_sequence<kIndices...>) {
  static constexpr TileFunction kFunctions[] = {multiplyTile<static_cast<int>(kIndices) + 1>...};
  return kFunctions[rows - 1];
}

// Any number of `rows` by one panel. Meanwhile the next panel in memory is fetched into the second
// cache: with the processor's own prefetching a third of the time was measured to be waiting.
inline void multiplyPanel(LeftFactor left, int64_t rows, const float* panel, int64_t steps,
                          float* sums, int64_t sumsStride, bool accumulate) {
  const int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  const float* next = panel + steps * kTileColumns;
  // Short panels stay in the first cache and need no prefetch.
  const int64_t interval = steps < kShortPanel ? steps : (tiles < 4 ? 4 : tiles);
  for (int64_t tile = 0; tile < tiles; tile++) {
    const int64_t row = tile * kTileRows;
    const int64_t count = rows - row < kTileRows ? rows - row : kTileRows;
    const LeftFactor part{left.values + row * left.rowStride, left.rowStride, left.stepStride};
    const FetchAhead ahead{next + steps * tile / tiles * kTileColumns, interval};
    tileFunction(static_cast<int>(count), std::make_index_sequence<kTileRows>{})(
        part, panel, steps, sums + row * sumsStride, sumsStride, accumulate, ahead);
  }
}

inline int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// The distance between rows of `columns` floats: not a power of two, with which all rows would
// share a few lines of the first cache.
inline int64_t paddedRow(int64_t columns) { return roundUp(columns, kLanes) + kLanes; }

}  // namespace
}  // namespace cnn
