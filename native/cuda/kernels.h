// What the launching halves of the kernels share. `Call` and CNN_CUDA_KERNEL come from kernel.h.
#pragma once
#include "common/dispatch.h"
#include "device.h"
#include "gpu.h"
#include "kernel.h"
#include "params.h"

namespace cnn {

constexpr int kBlock = 256;  // threads of a block, where nothing speaks for another number

inline cuda::StreamHandle streamOf(const Call& call) { return call.context.gpu->stream; }

// Blocks of kBlock threads for `count` elements, `each` of them to a thread; kernels go on in
// strides of the whole grid where there are more than fill the GPU some times.
inline unsigned blocksFor(const Context& context, int64_t count, int64_t each = 1) {
  const int64_t wanted = (count + each * kBlock - 1) / (each * kBlock);
  const int64_t most = int64_t{context.gpu->info.multiprocessors} * 16;
  return static_cast<unsigned>(wanted < 1 ? 1 : (wanted < most ? wanted : most));
}
inline unsigned blocksFor(const Call& call, int64_t count, int64_t each = 1) {
  return blocksFor(call.context, count, each);
}

// The first element of a thread in a one-dimensional grid, and the distance to its next.
__device__ inline int64_t firstIndex() { return int64_t{blockIdx.x} * blockDim.x + threadIdx.x; }
__device__ inline int64_t indexStride() { return int64_t{gridDim.x} * blockDim.x; }

}  // namespace cnn
