// bfloat16: the upper half of a float. Arithmetic is always done in float.
#pragma once
#include <cstdint>
#include <cstring>

namespace cnn {

struct bf16 {
  uint16_t bits;
};

inline float toFloat(float value) { return value; }
inline float toFloat(int32_t value) { return static_cast<float>(value); }
inline float toFloat(uint8_t value) { return static_cast<float>(value); }
inline float toFloat(bf16 value) {
  uint32_t word = static_cast<uint32_t>(value.bits) << 16;
  float result;
  std::memcpy(&result, &word, 4);
  return result;
}

template <class T>
inline T fromFloat(float value) {
  return static_cast<T>(value);
}
// Round to nearest, ties to even; a NaN stays a (quiet) NaN.
template <>
inline bf16 fromFloat<bf16>(float value) {
  uint32_t word;
  std::memcpy(&word, &value, 4);
  uint32_t rounded = (word + 0x7fff + ((word >> 16) & 1)) >> 16;
  uint32_t nan = (word >> 16) | 0x40;
  return bf16{static_cast<uint16_t>(value != value ? nan : rounded)};
}

}  // namespace cnn
