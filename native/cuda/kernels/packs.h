// Neighbouring channels that a thread takes at once, as many as divide all that has to be divided.
#pragma once
#include <algorithm>
#include <initializer_list>
#include <type_traits>

#include "cuda/kernels.h"

namespace cnn {

// Calls body with the largest of WIDEST, 2 and 1 that divides all counts, as a constant.
template <int WIDEST, class Body>
auto withWidth(std::initializer_list<int64_t> counts, const Body& body) {
  const auto divides = [&](int64_t width) {
    return std::all_of(counts.begin(), counts.end(),
                       [&](int64_t count) { return count % width == 0; });
  };
  if (divides(WIDEST)) return body(std::integral_constant<int, WIDEST>{});
  if (divides(2)) return body(std::integral_constant<int, 2>{});
  return body(std::integral_constant<int, 1>{});
}

template <class T, int WIDTH>
__device__ inline void storeFloats(T* to, const float (&values)[WIDTH]) {
  cuda::Pack<T, WIDTH> pack;
#pragma unroll
  for (int c = 0; c < WIDTH; c++) pack.values[c] = fromFloat<T>(values[c]);
  cuda::store<T, WIDTH>(to, pack);
}

}  // namespace cnn
