// Exponential, logarithm and hyperbolic tangent without branches or calls, so that compilers
// vectorise loops over them. Polynomials of Cephes (expf, logf, tanhf), within 2 units in the last
// place. Anonymous because each instruction set compiles a version of its own.
#pragma once
#include <cstdint>
#include <cstring>

#include "bf16.h"

namespace cnn {
namespace {

CNN_HOST_DEVICE inline float floatOfBits(int32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
CNN_HOST_DEVICE inline int32_t bitsOfFloat(float value) {
  int32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

// 2^n for n in [-126, 127]; for others, as NaN makes them, any number.
CNN_HOST_DEVICE inline float powerOfTwo(int32_t n) {
  return floatOfBits(static_cast<int32_t>(static_cast<uint32_t>(n + 127) << 23));
}

constexpr float kInfinity = __builtin_huge_valf();
// ln 2 in two parts; the first has few bits, so that its multiples are exact.
constexpr float kLn2High = 0.693359375f;
constexpr float kLn2Low = -2.12194440e-4f;

// 2^n times a polynomial on [-ln2/2, ln2/2]. n is applied in halves, so that subnormal results and
// infinity come out right.
CNN_HOST_DEVICE inline float expOf(float x) {
  const float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
  float clamped = x > 89.0f ? 89.0f : x;
  clamped = clamped < -105.0f ? -105.0f : clamped;
  float shifted = clamped * 1.44269504f + kRound;
  float n = shifted - kRound;
  float r = (clamped - n * kLn2High) - n * kLn2Low;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  int32_t whole = bitsOfFloat(shifted) - bitsOfFloat(kRound);
  int32_t half = whole >> 1;
  return p * powerOfTwo(half) * powerOfTwo(whole - half);
}

// The exponent plus a polynomial of the mantissa on [sqrt(1/2), sqrt(2)).
CNN_HOST_DEVICE inline float logOf(float x) {
  bool subnormal = x < 1.17549435e-38f;
  int32_t bits = bitsOfFloat(subnormal ? x * 8388608.0f : x);
  int32_t exponent = ((bits >> 23) & 0xff) - (subnormal ? 126 + 23 : 126);
  float m = floatOfBits((bits & 0x7fffff) | 0x3f000000);
  bool low = m < 0.707106781f;
  float e = static_cast<float>(low ? exponent - 1 : exponent);
  m = (low ? m + m : m) - 1.0f;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float square = m * m;
  float value = m + (p * m * square + e * kLn2Low - 0.5f * square) + e * kLn2High;
  float edge = x == 0.0f ? -kInfinity : (x > 0.0f ? x : __builtin_nanf(""));
  return x > 0.0f && x < kInfinity ? value : edge;
}

CNN_HOST_DEVICE inline float sigmoidOf(float x) { return 1.0f / (1.0f + expOf(-x)); }

// log(1 + e^x) - target * x, the binary cross-entropy of the logit x.
CNN_HOST_DEVICE inline float binaryLossOf(float x, float target) {
  const float small = expOf(-__builtin_fabsf(x));
  const float sum = 1.0f + small;
  // What the rounding of the sum takes away is put back by the quotient.
  const float rest = sum == 1.0f ? small : logOf(sum) * (small / (sum - 1.0f));
  return (x > 0.0f ? x : (x <= 0.0f ? 0.0f : x)) + rest - (target > 0.0f ? target * x : 0.0f);
}

CNN_HOST_DEVICE inline float tanhOf(float x) {
  float size = __builtin_fabsf(x);
  float square = x * x;
  float p = -5.70498872745e-3f;
  p = p * square + 2.06390887954e-2f;
  p = p * square - 5.37397155531e-2f;
  p = p * square + 1.33314422036e-1f;
  p = p * square - 3.33332819422e-1f;
  float small = p * square * x + x;
  float large = __builtin_copysignf(1.0f - 2.0f / (expOf(size + size) + 1.0f), x);
  return size >= 0.625f ? large : small;
}

}  // namespace
}  // namespace cnn
