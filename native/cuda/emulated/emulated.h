// Runs CUDA kernels on the CPU, so that they can be tested without a GPU. Every thread of a block
// is a fiber, which runs until it has to wait for others (__syncthreads, a shuffle). Checked are
// barriers that not all threads reach, lanes missing from a shuffle's mask, and shared memory that
// is read before it is written, which holds NaNs; with AddressSanitizer also accesses out of
// bounds. Between two barriers each warp runs as far as it gets, in an order that tests vary:
// results that depend on it show a missing barrier.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)
// Written after the type, so that a large argument is not copied for each thread.
#define __grid_constant__ &
#define threadIdx (::cnn::cuda::emulated::thread().index)
#define blockIdx (::cnn::cuda::emulated::grid().block)
#define blockDim (::cnn::cuda::emulated::grid().blockSize)
#define gridDim (::cnn::cuda::emulated::grid().size)
#define SHARED(type, name, count)     \
  static const char name##Key = 0;    \
  [[maybe_unused]] type* const name = \
      static_cast<type*>(::cnn::cuda::emulated::shared(&name##Key, sizeof(type) * (count)))
#define LAUNCH(kernel, grid, block, stream, ...) \
  ::cnn::cuda::emulated::launchWith(#kernel, grid, block, stream, CNN_UNPACK kernel, __VA_ARGS__)

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

namespace cnn::cuda::emulated {

struct Thread {
  dim3 index;
  unsigned lane;
};
struct Grid {
  dim3 block, blockSize, size;
};

Thread& thread();
Grid& grid();
// Enqueues a kernel; `body` is what one thread does.
void launch(const char* kernel, dim3 grid, dim3 block, StreamHandle stream,
            std::function<void()> body);
// The arguments are those of now, as on a GPU.
template <class... Parameters, class... Arguments>
void launchWith(const char* name, dim3 grid, dim3 block, StreamHandle stream,
                void (*kernel)(Parameters...), Arguments&&... arguments) {
  const std::tuple<std::decay_t<Parameters>...> values(std::forward<Arguments>(arguments)...);
  launch(name, grid, block, stream, [kernel, values] { std::apply(kernel, values); });
}
void* shared(const void* key, size_t bytes);
void syncBlock();
// Lets all lanes of `mask` put a value down, and see those of the others until releaseWarp().
const uint64_t* exchange(unsigned mask, uint64_t value);
void releaseWarp(unsigned mask);

template <class T>
T shuffle(unsigned mask, T value, unsigned from) {
  static_assert(sizeof(T) <= 8);
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  const uint64_t* all = exchange(mask, bits);
  if (mask >> (from & 31) & 1) std::memcpy(&value, &all[from & 31], sizeof(T));
  releaseWarp(mask);
  return value;
}

}  // namespace cnn::cuda::emulated

inline void __syncthreads() { cnn::cuda::emulated::syncBlock(); }
inline void __syncwarp(unsigned mask = ~0u) {
  cnn::cuda::emulated::exchange(mask, 0);
  cnn::cuda::emulated::releaseWarp(mask);
}
template <class T>
T __shfl_sync(unsigned mask, T value, unsigned lane) {
  return cnn::cuda::emulated::shuffle(mask, value, lane);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, unsigned bits) {
  return cnn::cuda::emulated::shuffle(mask, value, cnn::cuda::emulated::thread().lane ^ bits);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned distance) {
  const unsigned lane = cnn::cuda::emulated::thread().lane;
  return cnn::cuda::emulated::shuffle(mask, value, lane + distance < 32 ? lane + distance : lane);
}
