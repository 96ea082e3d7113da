// From one element type to another: bytes become numbers as they are, anything else becomes a byte
// by whether it is not 0.
#pragma once
#include <cmath>
#include <type_traits>

#include "bf16.h"

namespace cnn {
namespace {

// Towards zero, and modulo 2^32 where it does not fit, as JavaScript does.
CNN_HOST_DEVICE inline int32_t wholeOf(float value) {
  if (value > -2147483648.0f && value < 2147483648.0f) return static_cast<int32_t>(value);
  if (!(__builtin_fabsf(value) < __builtin_huge_valf())) return 0;
  double rest = fmod(static_cast<double>(value), 4294967296.0);
  return static_cast<int32_t>(static_cast<uint32_t>(static_cast<int64_t>(rest)));
}

template <class To, class From>
CNN_HOST_DEVICE inline To convert(From value) {
  if constexpr (std::is_same<To, uint8_t>::value) {
    return toFloat(value) != 0.0f;
  } else if constexpr (std::is_same<To, int32_t>::value && std::is_integral<From>::value) {
    return value;
  } else if constexpr (std::is_same<To, int32_t>::value) {
    return wholeOf(toFloat(value));
  } else {
    return fromFloat<To>(toFloat(value));
  }
}

}  // namespace
}  // namespace cnn
