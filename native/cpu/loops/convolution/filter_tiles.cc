#include "filter_tiles.h"

#include "cpu/loops/parallel.h"

namespace cnn {
namespace {

using Row = float __attribute__((vector_size(4 * kTile)));
using Lanes = int32_t __attribute__((vector_size(4 * kTile)));
constexpr int32_t kWidth = kTile;

// Exchanges the off-diagonal blocks of `step` by `step` values in all blocks of twice that size.
inline void exchange(Row* rows, int32_t step) {
  Lanes low, high;
  for (int32_t i = 0; i < kWidth; i++) {
    low[i] = i & step ? kWidth + i - step : i;
    high[i] = i & step ? kWidth + i : i + step;
  }
  for (int32_t i = 0; i < kWidth; i++) {
    if (i & step) continue;
    const Row a = rows[i], b = rows[i | step];
    rows[i] = __builtin_shuffle(a, b, low);
    rows[i | step] = __builtin_shuffle(a, b, high);
  }
}

inline void transpose(Row* rows) {
  exchange(rows, 1);
  exchange(rows, 2);
  exchange(rows, 4);
  exchange(rows, 8);
}

template <class T, bool PAIRED, bool TRANSPOSED>
void copyTile(const float* from, int64_t stride, void* to, const int64_t* offsets) {
  Row rows[kTile];
  for (int64_t i = 0; i < kTile; i++) std::memcpy(&rows[i], from + i * stride, sizeof(Row));
  if (TRANSPOSED) transpose(rows);
  alignas(64) float values[kTile * kTile];
  std::memcpy(values, rows, sizeof(rows));
  constexpr int64_t kLines = PAIRED ? 2 : 1;
  for (int64_t line = 0; line < kTile; line += kLines) {
    T* __restrict out = static_cast<T*>(to) + offsets[line];
    const float* __restrict in = values + line * kTile;
    for (int64_t i = 0; i < kTile; i++) {
      for (int64_t j = 0; j < kLines; j++) {
        out[i * kLines + j] = fromFloat<T>(in[j * kTile + i]);
      }
    }
  }
}

}  // namespace

#define CNN_TILE_COPIES(isa) CNN_TILE_COPIES_OF(isa)
#define CNN_TILE_COPIES_OF(isa) kTileCopies##isa
extern const TileCopies CNN_TILE_COPIES(CNN_ISA);
const TileCopies CNN_TILE_COPIES(CNN_ISA) = {
    {{copyTile<float, false, false>, copyTile<float, false, true>},
     {copyTile<float, true, false>, copyTile<float, true, true>}},
    {{copyTile<bf16, false, false>, copyTile<bf16, false, true>},
     {copyTile<bf16, true, false>, copyTile<bf16, true, true>}}};

}  // namespace cnn
