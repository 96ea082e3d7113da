// Bilinear resampling with antialias, bit for bit as Pillow and src/augment/resample.ts: rows
// first, weights in fixed point, 8 bits in between.
#pragma once
#include <cstdint>
#include <vector>

#include "kernel.h"

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

// A filter as code that is compiled per instruction set may see it.
struct FilterView {
  explicit FilterView(const Filter& filter)
      : positions(filter.positions.data()),
        weights(filter.weights.data()),
        stride(filter.stride),
        size(static_cast<int>(filter.positions.size())) {}
  const Filter::Tap* positions;
  const int32_t* weights;
  int stride;
  int size;
};

// Rows are resampled across in groups, and all passes work on blocks of this many bytes: a group's
// pixels in one column.
constexpr int kGroupRows = 16;
constexpr int kBlock = kGroupRows * 4;

// The passes, for one instruction set. Pixels have four bytes before `across` and three after it.
struct Passes {
  // Copies `width` pixels without their fourth bytes.
  void (*pack)(const uint8_t* row, int width, uint8_t* out);
  // Turns rows into columns: `width` pixels of kGroupRows rows, `stride` bytes apart, become a
  // group (width, kGroupRows, 4 bytes). Reads and writes up to 3 pixels past the width.
  void (*interleave)(const uint8_t* rows, int64_t stride, int width, uint8_t* group);
  // Resamples a group, whose first column is the filter's first, to rows of `stride` bytes, each
  // of which takes one byte more than its pixels.
  void (*across)(FilterView filter, const uint8_t* group, uint8_t* rows, int64_t stride);
  // out[i] = the weighted sum of rows[i], rows[i + stride], … for the first `count` weights and i
  // up to the multiple of kBlock that `length` needs.
  void (*down)(const int32_t* weights, int count, const uint8_t* rows, int64_t stride, int length,
               uint8_t* out);
};

const Passes& passesFor(Isa isa);

}  // namespace cnn
