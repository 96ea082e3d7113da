// TF32: float32 with the 10 bits of half precision after the point.
#pragma once
#include <cstdint>
#include <cstring>

namespace cnn::cuda::emulated {

// The nearest number of TF32, halves away from zero, as cvt.rna.tf32 rounds.
inline float roundToTf32(float value) {
  constexpr uint32_t kDropped = 13;
  uint32_t word;
  std::memcpy(&word, &value, sizeof word);
  const bool finite = (word & 0x7f800000u) != 0x7f800000u;
  if (finite) word = (word + (1u << (kDropped - 1))) & ~((1u << kDropped) - 1);
  std::memcpy(&value, &word, sizeof value);
  return value;
}

}  // namespace cnn::cuda::emulated
