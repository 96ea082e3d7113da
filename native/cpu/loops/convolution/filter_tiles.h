// Tiles of 16 input by 16 output channels on their way into oneDNN's blocked layouts.
#pragma once
#include "kernel.h"

namespace cnn {

constexpr int64_t kTile = 16;

// Copies the tile whose rows, one per input channel, lie `stride` floats apart. Line i of the
// result, which starts at to[offsets[i]], is a row, or a column if `transposed`. If `paired`, lines
// i and i + 1 for even i are one, of 32 values in turn.
using TileCopy = void (*)(const float* from, int64_t stride, void* to, const int64_t* offsets);

// The copies for one instruction set.
struct TileCopies {
  // By [paired][transposed].
  TileCopy toFloat[2][2];
  TileCopy toBf16[2][2];
};

const TileCopies& tileCopiesFor(Isa isa);

}  // namespace cnn
