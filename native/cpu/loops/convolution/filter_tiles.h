// Copies of tiles of 16 input by 16 output channels into oneDNN's blocked layouts.
#pragma once
#include "kernel.h"

namespace cnn {

constexpr int64_t kTile = 16;

// Copies the tile whose rows, one per input channel, are `stride` floats apart. Line i of the
// result, which starts at to[offsets[i]], is a row, or a column if `transposed`. If `paired`, lines
// i and i + 1 for even i are interleaved as one line of 32 values.
using TileCopy = void (*)(const float* from, int64_t stride, void* to, const int64_t* offsets);

// The copies for one instruction set.
struct TileCopies {
  // By [paired][transposed].
  TileCopy toFloat[2][2];
  TileCopy toBf16[2][2];
};

const TileCopies& tileCopiesFor(Isa isa);

}  // namespace cnn
