// bfloat16: the upper half of a float. Arithmetic is always done in float.
#pragma once
#include <cstdint>
#include <cstring>

// What CUDA's kernels call too.
#ifdef __CUDACC__
#include <cuda_bf16.h>
#define CNN_HOST_DEVICE __host__ __device__
#else
#define CNN_HOST_DEVICE
#endif

namespace cnn {

struct bf16 {
  uint16_t bits;
};

CNN_HOST_DEVICE inline float toFloat(float value) { return value; }
CNN_HOST_DEVICE inline float toFloat(int32_t value) { return static_cast<float>(value); }
CNN_HOST_DEVICE inline float toFloat(uint8_t value) { return static_cast<float>(value); }
CNN_HOST_DEVICE inline float toFloat(bf16 value) {
  uint32_t word = static_cast<uint32_t>(value.bits) << 16;
  float result;
  std::memcpy(&result, &word, 4);
  return result;
}

template <class T>
CNN_HOST_DEVICE inline T fromFloat(float value) {
  return static_cast<T>(value);
}
// Round to nearest, ties to even; a NaN stays a (quiet) NaN.
template <>
CNN_HOST_DEVICE inline bf16 fromFloat<bf16>(float value) {
#ifdef __CUDA_ARCH__
  return bf16{__bfloat16_as_ushort(__float2bfloat16_rn(value))};
#else
  uint32_t word;
  std::memcpy(&word, &value, 4);
  uint32_t rounded = (word + 0x7fff + ((word >> 16) & 1)) >> 16;
  uint32_t nan = (word >> 16) | 0x40;
  return bf16{static_cast<uint16_t>(value != value ? nan : rounded)};
#endif
}

}  // namespace cnn
