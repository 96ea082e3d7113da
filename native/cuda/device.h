// What kernels are written against: CUDA under nvcc, its emulation on the CPU under g++.
//
// Kernels use no atomics, so that sums have one order, and none of mma, cp.async or clusters, which
// the emulation does not know. Shared memory is declared by SHARED, launches are written LAUNCH.
#pragma once
#include <cstdint>

#include "common/bf16.h"
#include "runtime.h"

#ifdef __CUDACC__
#include <cuda_runtime.h>
#define SHARED(type, name, count) __shared__ type name[count]
#define LAUNCH(kernel, grid, block, stream, ...)                                           \
  do {                                                                                     \
    CNN_UNPACK kernel<<<grid, block, 0, static_cast<cudaStream_t>(stream)>>>(__VA_ARGS__); \
    ::cnn::cuda::checkLaunch(#kernel);                                                     \
  } while (0)
#else
#include "emulated/emulated.h"
#endif
// A kernel with template arguments stands in parentheses, for their commas: LAUNCH((k<T, 2>), …).
#define CNN_UNPACK

namespace cnn::cuda {

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffu;

// `COUNT` neighbours that are loaded and stored at once, 16 bytes at most.
template <class T, int COUNT>
struct alignas(sizeof(T) * COUNT) Pack {
  T values[COUNT];
};

// The number of elements of a type in 16 bytes.
template <class T>
constexpr int kPack = 16 / sizeof(T);

template <class T, int COUNT>
__device__ inline Pack<T, COUNT> load(const T* from) {
  return *reinterpret_cast<const Pack<T, COUNT>*>(from);
}
#ifdef __CUDA_ARCH__
template <int BYTES>
__device__ inline void storeWords(void* to, const uint32_t* words) {
  if constexpr (BYTES == 4) {
    asm volatile("st.global.u32 [%0], %1;" ::"l"(to), "r"(words[0]) : "memory");
  } else if constexpr (BYTES == 8) {
    asm volatile("st.global.v2.u32 [%0], {%1, %2};" ::"l"(to), "r"(words[0]), "r"(words[1])
                 : "memory");
  } else {
    for (int i = 0; i < BYTES / 4; i += 4) {
      asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(static_cast<char*>(to) + i * 4),
                   "r"(words[i]), "r"(words[i + 1]), "r"(words[i + 2]), "r"(words[i + 3])
                   : "memory");
    }
  }
}
#endif

// To the memory of a tensor. nvcc cuts plain assignments into single elements where a branch is
// near.
template <class T, int COUNT>
__device__ inline void store(T* to, const Pack<T, COUNT>& values) {
#ifdef __CUDA_ARCH__
  constexpr int kBytes = sizeof(values);
  if constexpr (kBytes >= 4) {
    uint32_t words[kBytes / 4];
    memcpy(words, &values, kBytes);
    storeWords<kBytes>(to, words);
    return;
  }
#endif
  *reinterpret_cast<Pack<T, COUNT>*>(to) = values;
}

// The sum over a block of whole warps, for all its threads. `shared` holds kWarp floats.
template <class T>
__device__ inline T blockSum(T value, T* shared) {
  const unsigned thread = threadIdx.x + threadIdx.y * blockDim.x;
  const unsigned warps = blockDim.x * blockDim.y / kWarp;
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(kAllLanes, value, distance);
  }
  if (thread % kWarp == 0) shared[thread / kWarp] = value;
  __syncthreads();
  value = thread % kWarp < warps ? shared[thread % kWarp] : T{0};
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(kAllLanes, value, distance);
  }
  __syncthreads();
  return value;
}

// The largest value over a block of whole warps. A NaN among them is the result.
__device__ inline float largerOf(float a, float b) { return a > b || a != a ? a : b; }
__device__ inline float blockMaximum(float value, float* shared) {
  const unsigned thread = threadIdx.x + threadIdx.y * blockDim.x;
  const unsigned warps = blockDim.x * blockDim.y / kWarp;
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    value = largerOf(value, __shfl_xor_sync(kAllLanes, value, distance));
  }
  if (thread % kWarp == 0) shared[thread / kWarp] = value;
  __syncthreads();
  value = thread % kWarp < warps ? shared[thread % kWarp] : -__builtin_huge_valf();
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    value = largerOf(value, __shfl_xor_sync(kAllLanes, value, distance));
  }
  __syncthreads();
  return value;
}

}  // namespace cnn::cuda
