// Rows of floats to bfloat16 by the instruction for it, where the machine has it: rounding to
// nearest by other instructions takes as long as everything else in a kernel that is bound by
// memory. `bf16`, `toFloat` and `fromFloat` come from common/bf16.h (through parallel.h).
#pragma once
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "parallel.h"

namespace cnn {
namespace {

constexpr int64_t kPiece = 512;  // floats that stay in the first cache

inline void narrowPlainly(const float* __restrict from, bf16* __restrict to, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = fromFloat<bf16>(from[i]);
}

#if defined(__AVX512F__)
// Differs from fromFloat<bf16> for subnormal numbers only, which become 0.
__attribute__((target("avx512bf16"))) inline void narrowByInstruction(const float* from, bf16* to,
                                                                      int64_t count) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m256bh values = _mm512_cvtneps_pbh(_mm512_loadu_ps(from + i));
    std::memcpy(to + i, &values, sizeof(values));
  }
  narrowPlainly(from + i, to + i, count - i);
}

inline void narrow(const float* from, bf16* to, int64_t count) {
  static const bool hasInstruction = __builtin_cpu_supports("avx512bf16");
  hasInstruction ? narrowByInstruction(from, to, count) : narrowPlainly(from, to, count);
}
#else
inline void narrow(const float* from, bf16* to, int64_t count) { narrowPlainly(from, to, count); }
#endif

// Stores `count` values of a row: compute(values, begin, count) writes those from `begin` on.
template <class Compute>
void storeRow(float* out, int64_t count, const Compute& compute) {
  compute(out, int64_t{0}, count);
}
template <class Compute>
void storeRow(bf16* out, int64_t count, const Compute& compute) {
  alignas(64) float values[kPiece];
  for (int64_t begin = 0; begin < count; begin += kPiece) {
    const int64_t piece = count - begin < kPiece ? count - begin : kPiece;
    compute(values, begin, piece);
    narrow(values, out + begin, piece);
  }
}

}  // namespace
}  // namespace cnn
