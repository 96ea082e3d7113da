// Memory of a pool that begins where cudaMalloc's does, which NVIDIA's libraries may count on.
#pragma once
#include <cstdint>

#include "tensor.h"

namespace cnn::cuda {

class AlignedBlock {
 public:
  AlignedBlock(MemoryPool* pool, size_t bytes)
      : block_(pool, bytes + kAlignment - MemoryPool::kAlignment) {}
  uint8_t* data() const {
    const auto begin = reinterpret_cast<uintptr_t>(block_.data());
    return reinterpret_cast<uint8_t*>((begin + kAlignment - 1) / kAlignment * kAlignment);
  }

 private:
  static constexpr size_t kAlignment = 256;
  PoolBlock block_;
};

}  // namespace cnn::cuda
