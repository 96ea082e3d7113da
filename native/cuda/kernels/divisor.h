// Division of whole numbers by one that a whole launch shares.
#pragma once
#include "cuda/device.h"

namespace cnn {

constexpr int64_t kMostDivided = int64_t{1} << 31;  // numbers below it are divided right

// Divides by a multiplication in place of the 20 instructions of a division (Granlund & Montgomery
// 1994, figure 4.1).
struct Divisor {
  Divisor() = default;
  explicit Divisor(int64_t value) : value(static_cast<uint32_t>(value)) {
    while ((int64_t{1} << shift) < value) shift++;
    magic = static_cast<uint32_t>(
        (uint64_t{1} << 32) * static_cast<uint64_t>((int64_t{1} << shift) - value) / this->value +
        1);
  }
  __device__ uint32_t quotient(uint32_t number) const {
    return (static_cast<uint32_t>(uint64_t{number} * magic >> 32) + number) >> shift;
  }
  // Leaves the remainder in `number`.
  __device__ uint32_t divide(uint32_t& number) const {
    const uint32_t result = quotient(number);
    number -= result * value;
    return result;
  }
  uint32_t value = 1, magic = 1, shift = 0;
};

}  // namespace cnn
