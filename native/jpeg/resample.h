// Bilinear resampling with antialias, bit for bit as Pillow and src/augment/resample.ts: rows
// first, weights in fixed point, 8 bits in between.
#pragma once
#include "common/triangle_filter.h"
#include "kernel.h"

namespace cnn {

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
