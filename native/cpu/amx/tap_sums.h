// Computes the products of a plan: packs both factors piece by piece into the second cache and
// multiplies them by tiles, on all threads.
#pragma once
#include "cpu/loops/parallel.h"
#include "tap_products.h"

namespace cnn {
namespace {

constexpr int64_t kCacheBytes = 1200 << 10;  // of packed factors per thread
constexpr int64_t kMaxChunk = 1024;          // positions packed together
constexpr int64_t kMinChunk = 128;
constexpr int64_t kBlockTiles = 4;       // panels of the right factor packed together
constexpr int64_t kSumBytes = 6 << 20;   // of all threads' partial sums
constexpr int64_t kMinPositions = 1024;  // for a thread of its own

// How the work is cut among threads, by positions and by panels of the right factor, and in time.
struct Cut {
  int64_t leftTiles, rightTiles;
  int positionParts, columnParts;
  int64_t chunk;
  int64_t rightRows;  // positions of the right factor that the taps of a chunk reach
  int copies;         // of the right factor: with pairs from even and from odd positions on

  int parts() const { return positionParts * columnParts; }
};

inline Cut cutOf(const TapProducts& plan) {
  Cut cut;
  cut.leftTiles = tilesFor(plan.leftChannels);
  cut.rightTiles = tilesFor(plan.rightChannels);
  cut.copies = plan.hasOddDistances() ? 2 : 1;
  const int64_t threads = omp_get_max_threads();
  const int64_t positions = plan.grid.positions();
  const int64_t sumBytes = plan.tapCount * cut.leftTiles * cut.rightTiles * 1024;
  const int64_t limit = smallest(kSumBytes / sumBytes, positions / kMinPositions);
  int64_t parts = largest(1, smallest(threads, limit));
  while (threads % parts != 0) parts--;
  cut.positionParts = static_cast<int>(parts);
  cut.columnParts = static_cast<int>(smallest(threads / parts, ceilDivide(cut.rightTiles, 2)));
  const int64_t reach = plan.highestShift() - plan.lowestShift();
  const int64_t rightBytes = cut.copies * kBlockTiles * kTileChannels * 2;
  const int64_t leftBytes = plan.phaseCount * cut.leftTiles * kTileChannels * 2;
  const int64_t fits = (kCacheBytes - reach * rightBytes) / (leftBytes + rightBytes);
  const int64_t chunk = largest(kMinChunk, smallest(kMaxChunk, fits)) / kGroup * kGroup;
  cut.chunk = smallest(chunk, roundUp(positions, kGroup));
  cut.rightRows = roundUp(cut.chunk + reach, kGroup);
  return cut;
}

// A thread's memory.
struct Workspace {
  const bf16** rows;
  bf16* edges;
  int64_t edgePitch;
  bf16* left;
  bf16* right;
  const bf16* zeros;
};

// The sums of all taps: 16 × 16 tiles of floats in rows of rowLength.
struct Sums {
  float* values;
  int64_t tapLength, rowLength;
};

// sums (kRows × kColumns tiles) += leftᵀ · right over `steps` tiles of both.
template <int kRows, int kColumns>
void multiplyPanels(const bf16* left, int64_t leftPanel, const bf16* right, int64_t rightPanel,
                    int64_t steps, float* sums, int64_t rowLength, bool first) {
  const int64_t stride = rowLength * 4;
  float* below = sums + kTileRows * rowLength;
  if (first) {
    zeroTile<0>();
    if constexpr (kColumns > 1) zeroTile<1>();
    if constexpr (kRows > 1) zeroTile<2>();
    if constexpr (kRows > 1 && kColumns > 1) zeroTile<3>();
  } else {
    loadTile<0>(sums, stride);
    if constexpr (kColumns > 1) loadTile<1>(sums + 16, stride);
    if constexpr (kRows > 1) loadTile<2>(below, stride);
    if constexpr (kRows > 1 && kColumns > 1) loadTile<3>(below + 16, stride);
  }
  for (int64_t step = 0; step < steps; step++, left += kTileValues, right += kTileValues) {
    loadTile<4>(left, kTileRowBytes);
    loadTile<6>(right, kTileRowBytes);
    multiplyTiles<0, 4, 6>();
    if constexpr (kColumns > 1) {
      loadTile<7>(right + rightPanel, kTileRowBytes);
      multiplyTiles<1, 4, 7>();
    }
    if constexpr (kRows > 1) {
      loadTile<5>(left + leftPanel, kTileRowBytes);
      multiplyTiles<2, 5, 6>();
      if constexpr (kColumns > 1) multiplyTiles<3, 5, 7>();
    }
  }
  storeTile<0>(sums, stride);
  if constexpr (kColumns > 1) storeTile<1>(sums + 16, stride);
  if constexpr (kRows > 1) storeTile<2>(below, stride);
  if constexpr (kRows > 1 && kColumns > 1) storeTile<3>(below + 16, stride);
}

constexpr decltype(&multiplyPanels<1, 1>) kMultiply[2][2] = {
    {multiplyPanels<1, 1>, multiplyPanels<1, 2>}, {multiplyPanels<2, 1>, multiplyPanels<2, 2>}};

// One thread's share: positions [begin, end), multiples of 32 or the grid's last, and some panels
// of the right factor.
class Share {
 public:
  Share(const TapProducts& plan, const Cut& cut, const Workspace& space, const Sums& sums)
      : plan_(plan), cut_(cut), space_(space), sums_(sums), highest_(plan.highestShift()) {}

  void compute(int64_t begin, int64_t end, int64_t firstTile, int64_t lastTile) {
    configureTiles();
    const int64_t groups = ceilDivide(end - begin, kGroup);
    const int64_t chunks = ceilDivide(groups * kGroup, cut_.chunk);
    for (int64_t i = 0; i < chunks; i++) {
      const int64_t from = groups * i / chunks, to = groups * (i + 1) / chunks;
      begin_ = begin + from * kGroup;
      count_ = (to - from) * kGroup;
      rightRows_ = roundUp(count_ + highest_ - plan_.lowestShift(), kGroup);
      first_ = i == 0;
      packLeft();
      findRows(plan_.right, plan_.grid, begin_ - highest_, rightRows_ + 1, space_.zeros, nullptr, 0,
               space_.rows);
      for (int64_t tile = firstTile; tile < lastTile; tile += kBlockTiles) {
        multiplyBlock(tile, smallest(lastTile - tile, kBlockTiles));
      }
    }
    releaseTiles();
  }

 private:
  int64_t leftPanel() const { return count_ * kTileChannels; }
  int64_t rightPanel() const { return rightRows_ * kTileChannels; }

  void packLeft() {
    for (int i = 0; i < plan_.phaseCount; i++) {
      findRows(plan_.phases[i].pixels, plan_.grid, begin_, count_, space_.zeros, space_.edges,
               space_.edgePitch, space_.rows);
      packPanels<true>(space_.rows, 0, count_, plan_.leftChannels,
                       space_.left + i * cut_.leftTiles * leftPanel());
    }
  }

  void multiplyBlock(int64_t firstTile, int64_t tiles) {
    const int64_t channel = firstTile * kTileChannels;
    const int64_t channels = smallest(plan_.rightChannels - channel, tiles * kTileChannels);
    for (int copy = 0; copy < cut_.copies; copy++) {
      packPanels<false>(space_.rows + copy, channel, rightRows_, channels,
                        space_.right + copy * kBlockTiles * rightPanel());
    }
    for (int i = 0; i < plan_.phaseCount; i++) {
      for (int64_t row = 0; row < cut_.leftTiles; row += 2) {
        for (int64_t column = 0; column < tiles; column += 2) {
          multiplyTaps(i, row, column, firstTile, tiles);
        }
      }
    }
  }

  // All taps of a phase for up to 2 × 2 tiles.
  void multiplyTaps(int phase, int64_t row, int64_t column, int64_t firstTile, int64_t tiles) {
    const bool twoRows = row + 1 < cut_.leftTiles, twoColumns = column + 1 < tiles;
    const bf16* left = space_.left + (phase * cut_.leftTiles + row) * leftPanel();
    float* sums = sums_.values + row * kTileRows * sums_.rowLength + (firstTile + column) * 16;
    for (int i = plan_.phases[phase].firstTap; i < plan_.phases[phase].lastTap; i++) {
      const Tap& tap = plan_.taps[i];
      const int64_t distance = highest_ - tap.shift;  // rows into the packed right factor
      const int64_t copy = distance & 1;
      const bf16* right = space_.right + (copy * kBlockTiles + column) * rightPanel() +
                          distance / 2 * 2 * kTileChannels;
      kMultiply[twoRows][twoColumns](left, leftPanel(), right, rightPanel(), count_ / kGroup,
                                     sums + tap.index * sums_.tapLength, sums_.rowLength, first_);
    }
  }

  const TapProducts& plan_;
  const Cut& cut_;
  const Workspace& space_;
  const Sums& sums_;
  const int64_t highest_;
  // The current chunk.
  int64_t begin_ = 0, count_ = 0, rightRows_ = 0;
  bool first_ = true;
};

}  // namespace
}  // namespace cnn
