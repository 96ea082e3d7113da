// Compiled once per instruction set, like cpu/loops: no inline function that other files have too,
// and so no std containers.
#include <cstring>

#include "jpeg/resample.h"

namespace cnn {
namespace {

void pack(const uint8_t* __restrict row, int width, uint8_t* __restrict out) {
  for (int x = 0; x < width; x++) {
    for (int c = 0; c < 3; c++) out[3 * x + c] = row[4 * x + c];
  }
}

using Pixels = uint32_t __attribute__((vector_size(16)));

void interleave(const uint8_t* rows, int64_t stride, int width, uint8_t* group) {
  for (int row = 0; row < kGroupRows; row += 4) {
    for (int x = 0; x < width; x += 4) {
      Pixels a, b, c, d;
      const uint8_t* from = rows + row * stride + 4 * x;
      std::memcpy(&a, from, 16);
      std::memcpy(&b, from + stride, 16);
      std::memcpy(&c, from + 2 * stride, 16);
      std::memcpy(&d, from + 3 * stride, 16);
      const Pixels ac[] = {__builtin_shuffle(a, c, Pixels{0, 4, 1, 5}),
                           __builtin_shuffle(a, c, Pixels{2, 6, 3, 7})};
      const Pixels bd[] = {__builtin_shuffle(b, d, Pixels{0, 4, 1, 5}),
                           __builtin_shuffle(b, d, Pixels{2, 6, 3, 7})};
      for (int pair = 0; pair < 2; pair++) {
        const Pixels left = __builtin_shuffle(ac[pair], bd[pair], Pixels{0, 4, 1, 5});
        const Pixels right = __builtin_shuffle(ac[pair], bd[pair], Pixels{2, 6, 3, 7});
        uint8_t* to = group + int64_t{x + 2 * pair} * kBlock + 4 * row;
        std::memcpy(to, &left, 16);
        std::memcpy(to + kBlock, &right, 16);
      }
    }
  }
}

// One block: the weighted sum of `count` blocks `stride` bytes apart. Integer sums are exact, so
// that every instruction set gives the same bytes.
inline void weigh(const int32_t* __restrict weights, int count, const uint8_t* __restrict from,
                  int64_t stride, uint8_t* __restrict out) {
  int32_t sum[kBlock];
  for (int i = 0; i < kBlock; i++) sum[i] = 1 << (kWeightBits - 1);
  for (int tap = 0; tap < count; tap++) {
    for (int i = 0; i < kBlock; i++) sum[i] += from[tap * stride + i] * weights[tap];
  }
  for (int i = 0; i < kBlock; i++) out[i] = static_cast<uint8_t>(sum[i] >> kWeightBits);
}

void across(FilterView filter, const uint8_t* group, uint8_t* rows, int64_t stride) {
  const int origin = filter.positions[0].first;
  for (int x = 0; x < filter.size; x++) {
    const Filter::Tap tap = filter.positions[x];
    uint8_t column[kBlock];
    weigh(filter.weights + int64_t{x} * filter.stride, tap.count,
          group + int64_t{tap.first - origin} * kBlock, kBlock, column);
    for (int row = 0; row < kGroupRows; row++) {
      std::memcpy(rows + row * stride + 3 * x, column + 4 * row, 4);
    }
  }
}

void down(const int32_t* weights, int count, const uint8_t* rows, int64_t stride, int length,
          uint8_t* out) {
  for (int at = 0; at < length; at += kBlock) weigh(weights, count, rows + at, stride, out + at);
}

}  // namespace

#define CNN_PASSES(isa) CNN_PASSES_OF(isa)
#define CNN_PASSES_OF(isa) kPasses##isa
extern const Passes CNN_PASSES(CNN_ISA);
const Passes CNN_PASSES(CNN_ISA) = {pack, interleave, across, down};

}  // namespace cnn
