// Sums of squares, in float over short blocks and in double over the blocks.
#pragma once
#include "../parallel.h"

namespace cnn {
namespace {

// The sum of the squares of value(i) for i below `count`.
template <class Value>
double sumOfSquares(int64_t count, const Value& value) {
  constexpr int64_t kWidth = 32, kBlock = 32 * kWidth;
  double total = 0;
  for (int64_t first = 0; first < count; first += kBlock) {
    const int64_t end = first + kBlock < count ? first + kBlock : count;
    float lanes[kWidth] = {};
    int64_t i = first;
    for (; i + kWidth <= end; i += kWidth) {
      for (int64_t l = 0; l < kWidth; l++) {
        const float x = value(i + l);
        lanes[l] += x * x;
      }
    }
    for (int64_t l = 0; i + l < end; l++) {
      const float x = value(i + l);
      lanes[l] += x * x;
    }
    for (int64_t l = 0; l < kWidth; l++) total += static_cast<double>(lanes[l]);
  }
  return total;
}

}  // namespace
}  // namespace cnn
