// The products of a filter's gradient: for every tap leftᵀ · right over the positions of a grid,
// with the right factor shifted by the tap. Left is the input and right the output's gradient, or
// the other way round for a filter of one tap.
#pragma once
#include "panels.h"
#include "params.h"
#include "pixel_grid.h"

namespace cnn {
namespace {

constexpr int kMaxTaps = 256;
constexpr int kMaxPhases = 16;

struct Tap {
  int64_t shift;  // position p of the left factor meets position p - shift of the right one
  int index;      // in the filter
};

// Part of the left factor, with the taps that use it.
struct Phase {
  Pixels pixels;
  int firstTap, lastTap;
};

struct TapProducts {
  PixelGrid grid;
  Phase phases[kMaxPhases];
  Tap taps[kMaxTaps];
  int phaseCount = 0, tapCount = 0;
  Pixels right;
  int64_t leftChannels, rightChannels;
  bool exchanged = false;  // left is the output's gradient: the result comes out transposed

  int64_t lowestShift() const {
    int64_t lowest = taps[0].shift;
    for (int i = 1; i < tapCount; i++) lowest = smallest(lowest, taps[i].shift);
    return lowest;
  }
  int64_t highestShift() const {
    int64_t highest = taps[0].shift;
    for (int i = 1; i < tapCount; i++) highest = largest(highest, taps[i].shift);
    return highest;
  }
  // Whether the distance of taps is an odd number of positions: pairs of rows are then packed both
  // ways.
  bool hasOddDistances() const {
    for (int i = 1; i < tapCount; i++) {
      if ((taps[i].shift - taps[0].shift) & 1) return true;
    }
    return false;
  }
};

// Few input channels fill a tile badly. The neighbouring pixels of one row of the filter's window
// then count as the channels of one tap.
inline bool joinsWindowRows(const ConvParams& p) {
  if (p.groups != 1 || p.dilationWidth != 1 || p.filterWidth == 1) return false;
  const int64_t joined = ceilDivide(int64_t{p.filterWidth} * p.inChannels, 16);
  const int64_t apart = p.filterWidth * ceilDivide(p.inChannels, 16);
  return 4 * joined <= 3 * apart;
}

// Adds the phase of the input that begins at (firstY, firstX), with its taps; false for no space.
inline bool addPhase(TapProducts& plan, const Axis& y, const Axis& x, int64_t firstY,
                     int64_t firstX, const Pixels& pixels) {
  if (plan.phaseCount == kMaxPhases) return false;
  const int first = plan.tapCount;
  for (int64_t ky = 0; ky < y.taps; ky++) {
    for (int64_t kx = 0; kx < x.taps; kx++) {
      if (y.phaseOf(ky) != firstY || x.phaseOf(kx) != firstX) continue;
      if (plan.tapCount == kMaxTaps) return false;
      plan.taps[plan.tapCount++] = {y.shiftOf(ky) * plan.grid.width + x.shiftOf(kx),
                                    static_cast<int>(ky * x.taps + kx)};
    }
  }
  if (plan.tapCount > first) plan.phases[plan.phaseCount++] = {pixels, first, plan.tapCount};
  return true;
}

// Exchanges left and right, for filters of one tap.
inline void exchange(TapProducts& plan) {
  const Pixels left = plan.phases[0].pixels;
  plan.phases[0].pixels = plan.right;
  plan.right = left;
  const int64_t channels = plan.leftChannels;
  plan.leftChannels = plan.rightChannels;
  plan.rightChannels = channels;
  plan.taps[0].shift = -plan.taps[0].shift;
  plan.exchanged = true;
}

// The products of one group of a convolution; false when the filter is beyond the plan's tables.
inline bool planProducts(const ConvParams& p, const bf16* x, const bf16* dy, TapProducts& plan) {
  const bool joined = joinsWindowRows(p);
  const Axis rows{p.filterHeight, p.dilationHeight, p.padTop, p.strideHeight};
  const Axis columns =
      joined ? Axis{1, 1, 0, 1} : Axis{p.filterWidth, p.dilationWidth, p.padLeft, p.strideWidth};
  const int64_t height = ceilDivide(p.inHeight, p.strideHeight);
  const int64_t width = joined ? p.outWidth : ceilDivide(p.inWidth, p.strideWidth);
  plan.grid = {p.batch, lineLength(height, p.outHeight, rows),
               lineLength(width, p.outWidth, columns)};
  if (joined) plan.grid.width = roundUp(plan.grid.width, 2);  // no odd distances
  plan.leftChannels = (joined ? p.filterWidth : 1) * (p.inChannels / p.groups);
  plan.rightChannels = p.outChannels / p.groups;
  plan.right = {dy, p.outHeight, p.outWidth, p.outChannels, 1, 1, 0, 0, p.outWidth, 1};
  Pixels pixels{x, p.inHeight, p.inWidth, p.inChannels, p.strideHeight, p.strideWidth, 0,
                0, p.outWidth, 1};
  for (int64_t firstY = 0; firstY < rows.stride; firstY++) {
    pixels.firstY = firstY;
    for (int64_t firstX = 0; firstX < columns.stride; firstX++) {
      pixels.firstX = joined ? -p.padLeft : firstX;
      pixels.window = joined ? p.filterWidth : 1;
      if (!joined) pixels.columns = ceilDivide(p.inWidth - firstX, p.strideWidth);
      if (!addPhase(plan, rows, columns, firstY, firstX, pixels)) return false;
    }
  }
  // The left factor takes longer to pack, which pays only with several taps.
  const bool narrow = 2 * plan.rightChannels <= plan.leftChannels;
  if (plan.tapCount == 1 && !joined && narrow) exchange(plan);
  return true;
}

}  // namespace
}  // namespace cnn
