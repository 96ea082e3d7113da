// The weights of bilinear resampling with antialias, bit for bit as Pillow and
// src/augment/resample.ts.
#pragma once
#include <cstdint>
#include <vector>

namespace cnn {

// Bits after the point of a weight: what 8-bit pixels leave room for.
constexpr int kWeightBits = 22;

// For each target position of one axis a triangle over source positions, which widens when
// shrinking.
struct Filter {
  // Of a target position: its first source position and the number of its weights.
  struct Tap {
    int32_t first;
    int32_t count;
  };

  // The filter from `length` source pixels, beginning at `start`, to `to` target pixels. Clipped,
  // it reads these source pixels alone, else all of the `available` ones.
  void build(double start, double length, int to, int available, bool clipped);
  // The source positions that it reads: [begin(), end()).
  int begin() const { return positions.front().first; }
  int end() const { return positions.back().first + positions.back().count; }
  // Whether the targets are a row of source pixels as they are.
  bool copies() const { return end() - begin() == static_cast<int>(positions.size()) && taps == 1; }

  std::vector<Tap> positions;
  // (targets, stride) in fixed point.
  std::vector<int32_t> weights;
  int stride = 0;
  // The most weights of a target.
  int taps = 0;

 private:
  std::vector<double> shares_;
};

}  // namespace cnn
