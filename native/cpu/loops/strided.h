// Walks over tensors of one shape by their strides; a stride of 0 repeats an element.
#pragma once
#include "parallel.h"

namespace cnn {
namespace {

template <int Operands>
struct Strided {
  Strided() = default;
  // `lists`: the sizes, then each operand's strides.
  Strided(int rank, const int32_t* lists) : rank(rank) {
    if (rank < 1 || rank > kMaxRank) throw std::runtime_error("expected a rank from 1 to 8");
    for (int d = 0; d < rank; d++) {
      dims[d] = lists[d];
      for (int o = 0; o < Operands; o++) strides[o][d] = lists[(1 + o) * rank + d];
    }
  }
  int64_t size() const {
    int64_t product = 1;
    for (int d = 0; d < rank; d++) product *= dims[d];
    return product;
  }

  // Calls body(at, count, offsets) for each run along the last axis of the elements [begin, end):
  // `at` is its first element in row-major order, `offsets` its place in each operand.
  template <class Body>
  void runs(int64_t begin, int64_t end, const Body& body) const {
    const int last = rank - 1;
    int64_t index[kMaxRank];
    int64_t offsets[Operands] = {};
    int64_t column = begin % dims[last];
    int64_t row = begin / dims[last];
    for (int d = last - 1; d >= 0; d--) {
      index[d] = row % dims[d];
      row /= dims[d];
      for (int o = 0; o < Operands; o++) offsets[o] += index[d] * strides[o][d];
    }
    for (int64_t at = begin; at < end;) {
      int64_t count = dims[last] - column;
      if (count > end - at) count = end - at;
      int64_t starts[Operands];
      for (int o = 0; o < Operands; o++) starts[o] = offsets[o] + column * strides[o][last];
      body(at, count, starts);
      at += count;
      column = 0;
      for (int d = last - 1; d >= 0; d--) {
        for (int o = 0; o < Operands; o++) offsets[o] += strides[o][d];
        if (++index[d] < dims[d]) break;
        index[d] = 0;
        for (int o = 0; o < Operands; o++) offsets[o] -= dims[d] * strides[o][d];
      }
    }
  }

  int rank = 1;
  int64_t dims[kMaxRank];
  int64_t strides[Operands][kMaxRank];
};

}  // namespace
}  // namespace cnn
