// Launches over the elements of many tensors at once: each block has kPerBlock elements of one.
#pragma once
#include "cuda/kernels.h"

namespace cnn::cuda {

constexpr int kPerBlock = 4096;
constexpr int kMostParameterBytes = 32764;  // what kernels' parameters have room for

CNN_HOST_DEVICE inline int64_t blocksOf(int64_t size) { return (size + kPerBlock - 1) / kPerBlock; }

// The item of a block: each has the number of its first block, in rising order.
template <class Item>
__device__ inline int itemOf(const Item* items, int count, int block) {
  int low = 0, high = count - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    items[middle].firstBlock <= block ? low = middle : high = middle - 1;
  }
  return low;
}

// Calls four(i) for packs of four elements of the block's and one(i) for the rest.
template <class Four, class One>
__device__ inline void eachElement(int64_t size, int block, const Four& four, const One& one) {
  const int64_t begin = int64_t{block} * kPerBlock;
  const int64_t end = begin + kPerBlock < size ? begin + kPerBlock : size;
  for (int64_t i = begin + 4 * threadIdx.x; i < end; i += 4 * kBlock) {
    if (i + 4 <= end) {
      four(i);
    } else {
      for (int64_t k = i; k < end; k++) one(k);
    }
  }
}

template <int COUNT>
using Floats = Pack<float, COUNT>;

// A tensor of float32 or, if `narrow`, of bfloat16.
template <int COUNT>
__device__ inline Floats<COUNT> floatsAt(const void* values, bool narrow, int64_t i) {
  if (!narrow) return load<float, COUNT>(static_cast<const float*>(values) + i);
  const auto packed = load<bf16, COUNT>(static_cast<const bf16*>(values) + i);
  Floats<COUNT> wide;
  for (int k = 0; k < COUNT; k++) wide.values[k] = toFloat(packed.values[k]);
  return wide;
}

}  // namespace cnn::cuda
