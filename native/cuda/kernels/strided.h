// Walks over tensors of one shape by their strides; a stride of 0 repeats an element.
#pragma once
#include "cuda/kernels.h"
#include "divisor.h"

namespace cnn {

// The axes of a call's lists, as the host cuts them for its kernels.
template <int OPERANDS>
struct Axes {
  // `lists`: the sizes, then each operand's strides.
  Axes(int rank, const int32_t* lists) : rank(rank) {
    if (rank < 1 || rank > kMaxRank) throw std::runtime_error("expected a rank from 1 to 8");
    for (int d = 0; d < rank; d++) {
      sizes[d] = lists[d];
      for (int o = 0; o < OPERANDS; o++) strides[o][d] = lists[(1 + o) * rank + d];
    }
  }
  int last() const { return rank - 1; }
  int64_t count() const {
    int64_t product = 1;
    for (int d = 0; d < rank; d++) product *= sizes[d];
    return product;
  }
  // Whether elements can be loaded in packs of `count` along the last axis, or be one repeated.
  bool packed(int count) const {
    if (sizes[last()] % count != 0) return false;
    for (int o = 0; o < OPERANDS; o++) {
      if (strides[o][last()] == 0) continue;
      if (strides[o][last()] != 1) return false;
      for (int d = 0; d < last(); d++) {
        if (strides[o][d] % count != 0) return false;
      }
    }
    return true;
  }

  int rank;
  int32_t sizes[kMaxRank];
  int32_t strides[OPERANDS][kMaxRank];
};

// Calls body(axes, offsets, at) for parts of at most kMostDivided elements: each operand begins at
// its offset, the result at `at`.
template <int OPERANDS, class Body>
void inParts(const Axes<OPERANDS>& axes, const Body& body, const int64_t* offsets, int64_t at) {
  const int64_t count = axes.count();
  if (count < kMostDivided) return body(axes, offsets, at);
  int axis = 0;
  int64_t inner = count / axes.sizes[0];
  while (axes.sizes[axis] == 1) inner /= axes.sizes[++axis];
  Axes<OPERANDS> part = axes;
  part.sizes[axis] /= 2;
  inParts(part, body, offsets, at);
  int64_t next[OPERANDS];
  for (int o = 0; o < OPERANDS; o++) {
    next[o] = offsets[o] + int64_t{part.sizes[axis]} * axes.strides[o][axis];
  }
  at += part.sizes[axis] * inner;
  part.sizes[axis] = axes.sizes[axis] - part.sizes[axis];
  inParts(part, body, next, at);
}
template <int OPERANDS, class Body>
void inParts(const Axes<OPERANDS>& axes, const Body& body) {
  const int64_t offsets[OPERANDS] = {};
  inParts(axes, body, offsets, 0);
}

// COUNT neighbours along the last axis, or one value for all of them.
template <int COUNT, class T>
__device__ cuda::Pack<T, COUNT> loadAlong(const T* from, int32_t stride) {
  if (COUNT > 1 && stride == 1) return cuda::load<T, COUNT>(from);
  cuda::Pack<T, COUNT> pack;
  const T value = *from;
#pragma unroll
  for (int i = 0; i < COUNT; i++) pack.values[i] = value;
  return pack;
}

// Where the elements are, for a kernel.
template <int OPERANDS>
struct Walk {
  explicit Walk(const Axes<OPERANDS>& axes) : rank(axes.rank) {
    for (int d = 0; d < rank; d++) {
      const int from = rank - 1 - d;
      sizes[d] = Divisor(axes.sizes[from]);
      for (int o = 0; o < OPERANDS; o++) strides[o][d] = axes.strides[o][from];
    }
  }
  // The place of element `index`, counted in row-major order, in each operand.
  template <class Offset>
  __device__ void find(uint32_t index, Offset (&offsets)[OPERANDS]) const {
    for (int o = 0; o < OPERANDS; o++) offsets[o] = 0;
#pragma unroll
    for (int d = 0; d < kMaxRank; d++) {
      if (d == rank - 1) {
        for (int o = 0; o < OPERANDS; o++) offsets[o] += static_cast<Offset>(index) * strides[o][d];
        break;
      }
      const uint32_t rest = sizes[d].divide(index);
      for (int o = 0; o < OPERANDS; o++) offsets[o] += static_cast<Offset>(index) * strides[o][d];
      index = rest;
    }
  }

  int rank;
  Divisor sizes[kMaxRank];  // the last axis first
  int32_t strides[OPERANDS][kMaxRank] = {};
};

}  // namespace cnn
